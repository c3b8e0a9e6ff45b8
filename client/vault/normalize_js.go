package vault

import "syscall/js"

// compatible is a text's NFKC form, by the browser's own tables: ours would be 35 kB more to load.
func compatible(text string) string {
	return js.Global().Get("String").Get("prototype").Get("normalize").Call("call", text, "NFKC").String()
}
