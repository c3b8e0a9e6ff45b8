//go:build js && wasm

package main

import (
	"strings"
	"syscall/js"
)

// deviceName says what this browser is, as its owner would: "Firefox on Linux".
func deviceName() string {
	agent := js.Global().Get("navigator").Get("userAgent").String()
	return first(agent, "browser", "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari") +
		" on " + first(agent, "a device", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS", "Mac", "Linux", "Linux")
}

// first returns the name after the first mark that occurs in s.
func first(s, otherwise string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if strings.Contains(s, pairs[i]) {
			return pairs[i+1]
		}
	}
	return otherwise
}
