package wire

// CheckToken checks what can be seen of a Fernet token without its key: the version byte, the
// alphabet, the padding and the length. The server calls it so that nothing but tokens enters the
// log; whether a token opens is for clients to find out.
func CheckToken(token []byte) error {
	if len(token) > MaxToken {
		return tooLarge("token", MaxToken)
	}
	if !looksLikeToken(token) {
		return Errorf(CodeBadRequest, "not a Fernet token")
	}
	return nil
}

// A raw token is 57 bytes and one or more AES blocks, and begins with 0x80 and an 8-byte time whose
// three highest bytes are zero until the year 36812; base64 turns that into "gAAAAA".
func looksLikeToken(token []byte) bool {
	body := token
	for len(body) > 0 && len(token)-len(body) < 2 && body[len(body)-1] == '=' {
		body = body[:len(body)-1]
	}
	raw := len(body) * 3 / 4
	if len(token)%4 != 0 || raw < 73 || (raw-57)%16 != 0 || string(body[:6]) != "gAAAAA" {
		return false
	}
	for _, c := range body {
		if !isAlphanumeric(c) && !('A' <= c && c <= 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
