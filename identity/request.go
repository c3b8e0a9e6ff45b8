package identity

// SignKeyRequest signs a request for message keys with the device's key. It fails with ErrKey when that is
// the zero value.
func SignKeyRequest(device DeviceKey, request []byte) ([]byte, error) {
	return device.key.sign(labelRequest, request)
}

// VerifyKeyRequest checks a signature that SignKeyRequest made. It fails with ErrKey or ErrSignature.
func VerifyKeyRequest(deviceKey [32]byte, request, signature []byte) error {
	return verify(deviceKey, labelRequest, request, signature)
}

// SignJoinRequest signs a request for a join key with the device's key. It fails with ErrKey when that is
// the zero value.
func SignJoinRequest(device DeviceKey, request []byte) ([]byte, error) {
	return device.key.sign(labelJoinRequest, request)
}

// VerifyJoinRequest checks a signature that SignJoinRequest made. It fails with ErrKey or ErrSignature.
func VerifyJoinRequest(deviceKey [32]byte, request, signature []byte) error {
	return verify(deviceKey, labelJoinRequest, request, signature)
}

// SignJoinAnswer signs a join key that is given to somebody with the device's key. It fails with ErrKey when
// that is the zero value.
func SignJoinAnswer(device DeviceKey, answer []byte) ([]byte, error) {
	return device.key.sign(labelJoinAnswer, answer)
}

// VerifyJoinAnswer checks a signature that SignJoinAnswer made. It fails with ErrKey or ErrSignature.
func VerifyJoinAnswer(deviceKey [32]byte, answer, signature []byte) error {
	return verify(deviceKey, labelJoinAnswer, answer, signature)
}

// SignResume signs a session's challenge, by which the device goes on in it. It fails with ErrKey when the key is
// the zero value.
func SignResume(device DeviceKey, challenge []byte) ([]byte, error) {
	return device.key.sign(labelResume, challenge)
}

// VerifyResume checks a signature that SignResume made. It fails with ErrKey or ErrSignature.
func VerifyResume(deviceKey [32]byte, challenge, signature []byte) error {
	return verify(deviceKey, labelResume, challenge, signature)
}
