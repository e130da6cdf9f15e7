package client

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
)

// OverridesVariable is the environment variable that ParseOverrides reads the value of.
const OverridesVariable = "REHOME_DEV_OVERRIDES"

// Finder looks for plugins. Overrides, keyed by provider name, win over Dirs; a caller warns about each that it uses.
type Finder struct {
	Dirs      []string
	Overrides map[string]string
}

// Find returns the path of the binary rehome-provider-NAME, from the first of Dirs that has one that can be run.
func (f Finder) Find(name string) (string, error) {
	if !validName(name) {
		return "", diag.Errorf("plugin-missing", "Provider name not valid",
			"A provider name has lower-case letters, digits, - and _ only, unlike %q.", name)
	}
	if path, found := f.Overrides[name]; found {
		if !executable(path) {
			return "", missing(name, path+" (from "+OverridesVariable+")")
		}
		return path, nil
	}
	binary := "rehome-provider-" + name
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	for _, dir := range f.Dirs {
		if path := filepath.Join(dir, binary); executable(path) {
			return path, guarded(path)
		}
	}
	return "", missing(name, binary+" in "+strings.Join(f.Dirs, ", "))
}

// guarded refuses a plugin that others may change or put something else in the place of: it gets every credential. A
// folder above its own may be open to all where nobody can take away what is not his.
func guarded(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return fmt.Errorf("following the path of the plugin %s: %w", path, err)
	}
	for at := real; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("looking at the plugin: %w", err)
		}
		above := at != real && at != filepath.Dir(real)
		if why := foreignHands(info); why != "" && !(above && info.Mode()&os.ModeSticky != 0) {
			return diag.Errorf("plugin-folder-open", "Plugin is open to others",
				"%s is not started: of %s, %s. A plugin gets the credentials of its system.\n"+
					"Take the right away (chmod go-w), or put the plugin into a folder of your own.", path, at, why)
		}
		if filepath.Dir(at) == at {
			return nil
		}
	}
}

// ParseOverrides reads "okta=/path,keycloak=/other". An empty text is none.
func ParseOverrides(text string) (map[string]string, error) {
	overrides := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, path, found := strings.Cut(part, "=")
		name, path = strings.TrimSpace(name), strings.TrimSpace(path)
		if !found || path == "" || !validName(name) {
			return nil, fmt.Errorf("%q in %s is not name=path", part, OverridesVariable)
		}
		if _, twice := overrides[name]; twice {
			return nil, fmt.Errorf("provider %s is in %s twice", name, OverridesVariable)
		}
		overrides[name] = path
	}
	return overrides, nil
}

// Checksum is the SHA-256 of a plugin in hexadecimal, as Options.SHA256 wants it.
func Checksum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("opening the plugin: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("reading the plugin %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func missing(name, sought string) error {
	return diag.Errorf("plugin-missing", "Provider plugin not found",
		"Provider %s needs its plugin, and there is no file that can be run: %s. Install it there, then try again.",
		name, sought)
}

func validName(name string) bool {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`).MatchString(name)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return runtime.GOOS == "windows" || info.Mode().Perm()&0o111 != 0
}
