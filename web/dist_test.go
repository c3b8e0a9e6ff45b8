package web

import (
	"io/fs"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// firstLoadLimit is what a first visit may cost on the wire, in bytes, all of it.
const firstLoadLimit = 1_800_000

// built returns the handler of the embedded files, and skips the test when there are none.
func built(t *testing.T) handler {
	t.Helper()
	h := Handler().(handler)
	if h["/"] == notBuilt {
		t.Skip("the web app is not built: run make build")
	}
	return h
}

func TestAFirstVisitIsSmall(t *testing.T) {
	t.Parallel()
	h := built(t)
	total := 0
	for _, p := range firstVisit(t, h) {
		r := httptest.NewRequest("GET", p, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		t.Logf("%8d %s", w.Body.Len(), p)
		total += w.Body.Len()
	}
	t.Logf("%8d in all", total)
	if total > firstLoadLimit {
		t.Errorf("a first visit loads %d bytes, more than %d", total, firstLoadLimit)
	}
}

// firstVisit is what a browser fetches before the first page stands: the page, what it names, and what
// its worker loads. Pages that few visits need come later.
func firstVisit(t *testing.T, h handler) []string {
	t.Helper()
	paths := []string{"/"}
	for _, a := range addresses(h) {
		paths = append(paths, a)
		if name, ok := strings.CutSuffix(a, "/main.js"); ok {
			paths = append(paths, name+"/worker.js", name+"/wasm_exec.js",
				name+"/vendor/cbor/cbor.js", name+"/vendor/cbor/cbor_internal.js")
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// addresses are those that the page names.
func addresses(h handler) (found []string) {
	page := string(h["/"].forms[len(h["/"].forms)-1].body)
	for _, m := range regexp.MustCompile(`(?:href|src|content)="(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

func TestThePageNamesOnlyFilesThatAreThere(t *testing.T) {
	t.Parallel()
	h := built(t)
	named := addresses(h)
	if len(named) < 10 {
		t.Fatalf("the page names only %d addresses", len(named))
	}
	for _, a := range named {
		if _, ok := h[a]; !ok {
			t.Errorf("the page names %s, which is not there", a)
		}
	}
}

// The modules import each other by relative addresses; one that is missing would leave a blank page.
func TestModulesImportOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	imports := regexp.MustCompile(`(?m)(?:^(?:import|export) (?:[^'"]* from )?|\bimport\()'(\./|\.\./)([^']+)'`)
	seen := 0
	_ = fs.WalkDir(os.DirFS("static/app"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".js" {
			return err
		}
		for _, m := range imports.FindAllStringSubmatch(read(t, name), -1) {
			seen++
			target := path.Join(path.Dir(name), m[1]+m[2])
			if _, err := os.Stat("static/app/" + target); err != nil && target != "wasm_exec.js" && !strings.HasPrefix(target, "vendor/") {
				t.Errorf("%s imports %s, which is not there", name, target)
			}
		}
		return nil
	})
	if seen < 30 {
		t.Errorf("found only %d imports: this test no longer reads the modules", seen)
	}
}

// What would let a text become markup or code is not to be written at all. Trusted Types refuse it in
// the browser as well; this says so before anybody opens one.
func TestThePageNeverParsesMarkup(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\(|new Function|setHTML|srcdoc|javascript:`)
	_ = fs.WalkDir(os.DirFS("static/app"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if found := forbidden.FindString(read(t, name)); found != "" {
			t.Errorf("%s uses %s", name, found)
		}
		return nil
	})
	page, err := os.ReadFile("static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile(`<style|style=|<script(?:[^>]*[^>])?>[^<]|\son[a-z]+=`)
	if found := inline.Find(page); found != nil {
		t.Errorf("the page has inline code or style: %s", found)
	}
}

func TestThePolicyInThePageIsTheOneTheHeaderNames(t *testing.T) {
	t.Parallel()
	policies := regexp.MustCompile(`createPolicy\('([^']*)'`).FindAllStringSubmatch(read(t, "core.js"), -1)
	if len(policies) != 1 || policies[0][1] != TrustedTypesPolicy {
		t.Errorf("core.js creates %v, the header names %q", policies, TrustedTypesPolicy)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("static/app/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
