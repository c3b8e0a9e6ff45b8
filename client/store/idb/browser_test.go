//go:build !js

package idb_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// page runs a Go test program in the browser and reports what it printed and how it ended.
const page = `<!doctype html><script src="/wasm_exec.js"></script><script>
const lines = [];
globalThis.fs = { ...globalThis.fs, writeSync: (_, b) => (lines.push(new TextDecoder().decode(b)), b.length) };
(async () => {
  const go = new Go();
  go.argv = ['test', '-test.v'];
  let code = -1;
  go.exit = (c) => { code = c; };
  try {
    const { instance } = await WebAssembly.instantiateStreaming(fetch('/test.wasm'), go.importObject);
    await go.run(instance);
  } catch (e) { lines.push(String(e)); }
  await fetch('/done', { method: 'POST', body: code + '\n' + lines.join('') });
})();
</script>`

// TestTheContractInABrowser compiles this package's tests to WebAssembly and runs them in Chromium.
func TestTheContractInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a program and starts a browser")
	}
	browser := chromium(t)
	dir := folder(t)
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "test.wasm"), ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	done := make(chan string, 1)
	server := httptest.NewServer(serve(t, dir, done))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--user-data-dir="+filepath.Join(dir, "profile"), server.URL)
	run.WaitDelay = 10 * time.Second
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = run.Wait() }()
	select {
	case report := <-done:
		if !strings.HasPrefix(report, "0\n") || !strings.Contains(report, "--- PASS: TestIndexedDB") {
			t.Fatal(report)
		}
	case <-ctx.Done():
		t.Fatal("the browser does not report")
	}
}

// folder is for the browser's profile. What is left of a browser that was ended may write there for a moment longer.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "frond-idb-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error(err)
	})
	return dir
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("FROND_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	if os.Getenv("FROND_TEST_CHROMIUM") == "required" {
		t.Fatal("Chromium is missing")
	}
	t.Skip("Chromium is missing: install it or name it in FROND_CHROMIUM")
	return ""
}

func serve(t *testing.T, dir string, done chan<- string) http.Handler {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, page)
	})
	mux.HandleFunc("/wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	})
	mux.HandleFunc("/test.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		http.ServeFile(w, r, filepath.Join(dir, "test.wasm"))
	})
	mux.HandleFunc("POST /done", func(_ http.ResponseWriter, r *http.Request) {
		report, _ := io.ReadAll(r.Body)
		select {
		case done <- string(report):
		default:
		}
	})
	return mux
}
