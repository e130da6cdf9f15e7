package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/project/issuertest"
)

const tenant = "../../examples/okta-to-keycloak/tenant"

func TestMain(m *testing.M) {
	if servedFake() {
		return
	}
	if os.Getenv(killVariable) != "" {
		os.Exit(runKilled())
	}
	testscript.Main(m, map[string]func(){
		"rehome": func() { os.Exit(execute(context.Background(), os.Args[1:], scriptEnvironment())) },
	})
}

// plugins builds the plugins that the scripts need, once for all scripts. The Entra plugin has scripts of its own.
var builtPlugins = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "rehome-plugins-")
	if err != nil {
		return "", err
	}
	command := exec.Command("go", "build", "-o", folder+string(filepath.Separator), "../rehome-provider-okta",
		"../rehome-provider-realmfile")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the plugins: %w: %s", err, out)
	}
	return folder, nil
})

// TestScripts runs every script below testdata/script. A script has the verbs of testscript and:
//
//	clock OFFSET           move the clock of rehome, such as by 25h
//	forge-plan IN OUT HOW  write a plan file with an open gate and its own hash: decision, impact, dependency, status
//	okta [as=NAME] [in=DIR] [fault [path]]
//	                       start a practice Okta organisation, with the data of a folder where one is named and with a
//	                       fault of labfault; its variables are NAME_url and so on, else okta_url
//	issuer [down]          start an OpenID issuer at $ISSUER, or stop it
//	token [claim=value...] put a token of the issuer into $REHOME_TOKEN
//	checkpoint FILE        put the audit head that apply printed into $CHECKPOINT
//	private FILE           demand that only its owner reads a file
//	remove-record N        take a record out of the audit chain
//	count-lines FILE T N   demand that a text occurs N times in a file
//	same-value A B NAME    compare the lines of two JSON documents that hold a field
//	exits N command...     run a command that must end with status N
//	plan-hash FILE         put the hash of a plan file into $HASH
//	acknowledge-all FILE   acknowledge every impact that a draft in this file names
//	impacts FILE           put the ids of the impacts in a status document into $IMPACTS
//	damage FILE            change one byte in the middle of a file
//	okta-kept [fault [path]]  start a practice Okta organisation that keeps its address, or give it another fault
//	okta-edit FILE OLD NEW    change a text in its data
//	pages-check FILE N        fail unless a file of exported pages has N, each with the digest of its body
//	same-field NAME A B       fail unless two documents have the same value under a name
//	audited NAME [TEXT...] fail when the audit chain of the state has no event of that name with all texts
//	audited NAME           fail when the audit chain of the state has no event of that name
//	rename-source FILE OLD NEW  give the source block of a file another name
//	notes-name-fields      fail unless each note of the newest assessment names its field, and each class has what it
//	needs begin-assessment       leave an assessment of the newest snapshot begun, as a killed process does
//	snapshot-id N NAME     put the id of the Nth newest snapshot, counted from 0, into $NAME
//	failed-snapshot        put the id of the newest failed snapshot into $FAILED
//	mask FILE...           put names in place of ids, times and durations, so that the file can be compared
//	wait-for FILE TEXT     wait until a file holds a text
//	bundle-edit IN OUT ENTRY [OLD NEW]  change a text in a file of an evidence bundle, or take the file out
//	nobody FILE...         fail when a file names a user of the practice tenant
//	replace OLD NEW FILE   replace plain text in a file
//	same-person A B        fail unless every pseudonym of file A is in file B
//	same-realm A B         fail when two realm files differ, the marker of rehome and empty sections aside
//	same-summary A B       fail when two shown plans count other steps
//	no-secret FILE...      fail when a file holds a planted secret
func TestScripts(t *testing.T) {
	folder, err := builtPlugins()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("REHOME_UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Values[issuerKey{}] = &issuertest.Issuer{}
			env.Setenv("REHOME_PLUGIN_DIR", folder)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("REHOME_IN_AUTOMATION", "")
			env.Values[labKey{}] = &keptLab{}
			return os.CopyFS(filepath.Join(env.WorkDir, "example"), os.DirFS("../../examples/okta-to-realmfile"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"okta":            startOkta,
			"issuer":          startIssuer,
			"token":           mintToken,
			"exits":           exits,
			"plan-hash":       planHash,
			"impacts":         impacts,
			"clock":           setClock,
			"damage":          damage,
			"forge-plan":      forgePlan,
			"no-secret":       noSecret,
			"nobody":          nobody,
			"bundle-edit":     editBundle,
			"replace":         replaceText,
			"same-person":     samePerson,
			"acknowledge-all": acknowledgeAll,
			"same-realm":      sameRealm,
			"same-summary":    sameSummary,
			"failed-snapshot": failedSnapshot,
			"okta-kept":       keptOkta,
			"okta-edit":       editOkta,
			"pages-check":     checkPages,
			"same-field":      sameField,
			"mask":            mask,
			"audited":         audited,
			"unseen":          unseen,
			"set-from":        setFrom,
			"wait-for":        waitFor,

			"same-value":        sameValue,
			"rename-source":     renameSource,
			"notes-name-fields": notesNameFields,
			"begin-assessment":  beginAssessment,
			"snapshot-id":       snapshotID,

			"checkpoint":    readCheckpoint,
			"count-lines":   countLines,
			"remove-record": removeRecord,
			"private":       private,
			"open-in":       openIn,
		},
	})
}

func startOkta(ts *testscript.TestScript, _ bool, args []string) {
	options := labokta.Options{}
	name := "okta"
	if len(args) > 0 && strings.HasPrefix(args[0], "as=") {
		name, args = strings.TrimPrefix(args[0], "as="), args[1:]
	}
	folder := mustAbs(ts, tenantFolder)
	if len(args) > 0 && strings.HasPrefix(args[0], "in=") { // a tenant of the script's own; what is not there is empty
		folder, args = ts.MkAbs(strings.TrimPrefix(args[0], "in=")), args[1:]
	}
	if len(args) > 0 {
		path := ""
		if len(args) > 1 {
			path = args[1]
		}
		fault, err := labfault.Parse(args[0], path)
		ts.Check(err)
		options.Fault = fault
	}
	lab, err := labokta.New(os.DirFS(folder), options)
	ts.Check(err)
	server := httptest.NewTLSServer(lab)
	ts.Defer(func() {
		server.Close()
		if n := lab.Writes(); n > 0 {
			ts.Fatalf("the source got %d requests that write", n)
		}
	})
	ca := ts.MkAbs(name + "-ca.pem")
	ts.Check(os.WriteFile(ca, certificate(server), 0o600))
	ts.Setenv("REHOME_VAR_"+name+"_url", server.URL)
	ts.Setenv("REHOME_VAR_"+name+"_ca_file", ca)
	ts.Setenv("REHOME_VAR_"+name+"_token", labokta.DefaultToken)
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, wanted %d", strings.Join(args[1:], " "), got, want)
	}
}

func planHash(ts *testscript.TestScript, _ bool, args []string) {
	p, err := readPlanFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Setenv("HASH", p.PlanHash)
}

func impacts(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(`ocm-[0-9a-f]+`).FindAllString(ts.ReadFile(args[0]), -1)
	for i, id := range found {
		ts.Setenv(fmt.Sprintf("IMPACT%d", i), id)
	}
}

func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	content, err := os.ReadFile(path)
	ts.Check(err)
	content[len(content)/2] ^= 1
	ts.Check(os.WriteFile(path, content, 0o600))
}

func noSecret(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		content := ts.ReadFile(name)
		for _, secret := range []string{"planted-secret", labokta.DefaultToken} {
			if strings.Contains(content, secret) {
				ts.Fatalf("%s holds %q", name, secret)
			}
		}
	}
}
