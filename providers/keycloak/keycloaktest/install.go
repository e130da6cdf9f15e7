package keycloaktest

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Version of the server that tests run against.
const Version = "26.7.4"

const installTimeout = 8 * time.Minute

// install gives the folder of an unpacked and built distribution, making it when an earlier run has not.
//
// A lock on a file keeps two test processes from building one folder at once; the kernel drops it when a process dies.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	folder := filepath.Join(cache, "rehome-test")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := lock(filepath.Join(folder, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()

	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	home := filepath.Join(folder, "keycloak-"+Version)
	if _, err := os.Stat(filepath.Join(home, ".built")); err == nil {
		return home, nil
	}
	archive := filepath.Join(folder, "keycloak-quarkus-dist-"+Version+".tar.gz")
	if err := download(ctx, archive); err != nil {
		return "", err
	}
	if err := os.RemoveAll(home); err != nil {
		return "", fmt.Errorf("removing a half-built distribution: %w", err)
	}
	if err := unpack(archive, folder); err != nil {
		return "", err
	}
	return home, build(ctx, home)
}

// lock takes an exclusive lock on a file, waiting for its holder.
func lock(path string) (func(), error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking the cache folder: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// download fetches the distribution with Maven, unless it is there.
func download(ctx context.Context, archive string) error {
	if _, err := os.Stat(archive); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for the distribution: %w", err)
	}
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("the distribution is not cached and Maven is not installed: %w", err)
	}
	command := exec.CommandContext(ctx, maven, "-q", "-B", "dependency:copy",
		"-Dartifact=org.keycloak:keycloak-quarkus-dist:"+Version+":tar.gz", "-DoutputDirectory="+filepath.Dir(archive))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("downloading the distribution: %w: %s", err, tail(string(output)))
	}
	return nil
}

// build augments the server for an in-memory store, so that every start skips it.
func build(ctx context.Context, home string) error {
	command := exec.CommandContext(ctx, filepath.Join(home, "bin", "kc.sh"),
		"build", "--db=dev-mem", "--health-enabled=true", "--features=scim-api")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the server: %w: %s", err, tail(string(output)))
	}
	if err := os.WriteFile(filepath.Join(home, ".built"), []byte(Version+"\n"), 0o644); err != nil {
		return fmt.Errorf("noting that the server is built: %w", err)
	}
	return nil
}

// unpack writes a gzipped tar archive below a folder. Names that lead out of the folder are refused.
func unpack(archive, folder string) error {
	file, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("opening the distribution: %w", err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("reading the distribution: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("opening the cache folder: %w", err)
	}
	defer root.Close()
	entries := tar.NewReader(unzipped)
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the distribution: %w", err)
		}
		if err := unpackEntry(root, header, entries); err != nil {
			return fmt.Errorf("unpacking %s: %w", header.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
	if header.Typeflag == tar.TypeDir {
		return root.MkdirAll(name, 0o755)
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, header.FileInfo().Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// tail is the end of an output, where the cause usually stands.
func tail(output string) string {
	const limit = 2000
	output = strings.TrimSpace(output)
	if len(output) > limit {
		return "…" + output[len(output)-limit:]
	}
	return output
}
