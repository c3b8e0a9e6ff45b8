//go:build !js

package vault

import "golang.org/x/text/unicode/norm"

// compatible is a text's NFKC form: the same password, typed on different keyboards, is the same bytes.
func compatible(text string) string { return norm.NFKC.String(text) }
