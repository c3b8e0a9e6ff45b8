package frond

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says which of our packages each of our packages may import, outside its tests. A name that
// ends in "/..." covers a folder. A package that no row covers fails the test: give it a row.
var layers = []struct {
	pkg string
	may []string
}{
	{"frond/mls", nil},
	{"frond/fernet", nil},
	{"frond/wire", nil},

	{"frond/canon", nil},
	{"frond/identity", []string{"frond/mls", "frond/canon"}},
	{"frond/client/vault", []string{"frond/mls", "frond/canon"}},
	{"frond/client/content", []string{"frond/fernet", "frond/wire", "frond/identity"}},
	{"frond/client/signal", []string{"frond/wire", "frond/identity"}},
	{"frond/client/markup", nil},
	{"frond/client", []string{"frond/mls", "frond/fernet", "frond/wire", "frond/identity", "frond/client/vault", "frond/client/content", "frond/client/markup", "frond/client/signal"}},
	{"frond/client/api", []string{"frond/client", "frond/identity", "frond/client/vault", "frond/client/markup", "frond/wire"}},
	{"frond/client/store/...", []string{"frond/client", "frond/client/store/..."}},
	{"frond/client/transport/...", []string{"frond/client", "frond/wire"}},
	{"frond/cmd/frond-wasm", []string{"frond/client", "frond/client/...", "frond/wire"}},

	{"frond/server/store", []string{"frond/wire", "frond/mls"}},
	{"frond/server/store/...", []string{"frond/wire", "frond/mls", "frond/server/store", "frond/server/store/..."}},
	{"frond/server/bus", []string{"frond/wire", "frond/mls"}},
	{"frond/server/bus/...", []string{"frond/wire", "frond/server/bus"}},
	{"frond/server/account", []string{"frond/wire", "frond/mls", "frond/identity", "frond/server/store", "frond/server/bus"}},
	{"frond/server/account/chaintest", []string{"frond/wire", "frond/identity"}},
	{"frond/server/delivery", []string{"frond/wire", "frond/mls", "frond/server/store", "frond/server/bus"}},
	{"frond/server/stats", []string{"frond/wire"}},
	{"frond/server/gateway", []string{"frond/wire", "frond/server/stats", "frond/server/account", "frond/server/delivery", "frond/server/store", "frond/server/bus"}},

	{"frond/web", nil},
	{"frond/web/...", nil},
	{"frond/cmd/frond", []string{"frond/wire", "frond/server/...", "frond/web"}},
	{"frond/sim", []string{"frond/..."}},
	{"frond/sim/...", []string{"frond/..."}},
	{"frond/bench", []string{"frond/..."}},
	{"frond/bench/...", []string{"frond/..."}},
	{"frond/docs/...", nil},
}

type listed struct {
	ImportPath  string
	Imports     []string
	Deps        []string
	GoFiles     []string
	TestImports []string
}

func list(t *testing.T, env []string, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Imports,Deps,GoFiles,TestImports"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func covers(pattern, pkg string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, dir+"/")
	}
	return pattern == pkg
}

// wasm packages build for the browser only, so they are listed as the browser sees them.
var browser = []string{"GOOS=js", "GOARCH=wasm"}

func TestPackagesImportOnlyWhatTheirLayerMay(t *testing.T) {
	seen := map[string]bool{}
	for _, env := range [][]string{nil, browser} {
		for _, p := range list(t, env, "./...") {
			if p.ImportPath == "frond" {
				continue
			}
			seen[p.ImportPath] = true
			i := slices.IndexFunc(layers, func(l struct {
				pkg string
				may []string
			}) bool {
				return covers(l.pkg, p.ImportPath)
			})
			if i < 0 {
				t.Errorf("%s has no row in layers", p.ImportPath)
				continue
			}
			for _, imp := range p.Imports {
				ours := imp == "frond" || strings.HasPrefix(imp, "frond/")
				if ours && !slices.ContainsFunc(layers[i].may, func(m string) bool { return covers(m, imp) }) {
					t.Errorf("%s must not import %s", p.ImportPath, imp)
				}
			}
		}
	}
	for _, want := range []string{"frond/mls", "frond/client", "frond/server/gateway", "frond/cmd/frond"} {
		if !seen[want] {
			t.Errorf("%s was not looked at", want)
		}
	}
}

func TestClientAndServerNeverImportEachOther(t *testing.T) {
	for _, p := range list(t, nil, "./client/...", "./server/...") {
		other := "frond/server/"
		if strings.HasPrefix(p.ImportPath, other) {
			other = "frond/client"
		}
		for _, imp := range slices.Concat(p.Deps, p.TestImports) {
			if strings.HasPrefix(imp, other) && !allowedInTests(p, imp) {
				t.Errorf("%s reaches %s", p.ImportPath, imp)
			}
		}
	}
}

// The gateway's own tests dial it with the client's transport, the real one.
func allowedInTests(p listed, imp string) bool {
	return !slices.Contains(p.Deps, imp) && strings.HasPrefix(imp, "frond/client/transport/")
}

func TestTheBrowserBinaryStaysLight(t *testing.T) {
	heavy := []string{"net/http", "crypto/tls", "database/sql", "text/template", "html/template", "go/ast"}
	found := list(t, browser, "./cmd/frond-wasm")
	if len(found) != 1 || len(found[0].Deps) == 0 {
		t.Fatalf("cmd/frond-wasm was not found: %v", found)
	}
	for _, dep := range found[0].Deps {
		if slices.Contains(heavy, dep) {
			t.Errorf("cmd/frond-wasm reaches %s", dep)
		}
	}
}

func TestMLSStandsOnTheStandardLibraryAlone(t *testing.T) {
	for _, p := range list(t, nil, "./mls") {
		for _, dep := range p.Deps {
			if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") && !strings.HasPrefix(dep, "vendor/") {
				t.Errorf("mls reaches %s", dep)
			}
		}
	}
}
