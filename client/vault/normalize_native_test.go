//go:build !js

package vault

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPasswordIsTheSameInJavaScript(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a program and starts Node")
	}
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("Node is not installed")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "go_js_wasm_exec")
	test := exec.Command("go", "test", "-run", "^TestAPasswordIsOneHoweverItIsTyped$", "-exec", run, ".")
	test.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := test.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
