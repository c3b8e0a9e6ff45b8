package wire

// DeviceInfo is what the server knows of an active device of one's own account. Its name is in the
// sigchain.
type DeviceInfo struct {
	Device  ID     `cbor:"1,keyasint"`
	Created uint64 `cbor:"2,keyasint"` // milliseconds since 1970
	Seen    uint64 `cbor:"3,keyasint"` // last active, milliseconds since 1970; to the minute
	Current bool   `cbor:"4,keyasint"` // the device that asks
}

// Devices answers OpDevices.
type Devices struct {
	Devices []DeviceInfo `cbor:"1,keyasint"`
}

// RemoveDevice appends events to the account's sigchain that remove a device and replace the root it
// knew, and opens the vault epoch in which the new root lies: both happen, or neither. The server ends
// the device's sessions and connections at once and drops its key packages and its inbox. Its leaves
// are for the remover to take out of each conversation. CodeConflict says that the sigchain or the vault
// changed meanwhile.
type RemoveDevice struct {
	Device ID       `cbor:"1,keyasint"`
	Index  uint64   `cbor:"2,keyasint"` // index of the first event: compare-and-swap on the chain's length
	Events [][]byte `cbor:"3,keyasint"`

	Vault *PutVault `cbor:"4,keyasint"`
}

// Check checks sizes and counts.
func (r *RemoveDevice) Check() error {
	if r.Device.IsZero() || r.Index == 0 {
		return Errorf(CodeBadRequest, "a removal names a device and extends a sigchain")
	}
	if len(r.Events) == 0 || len(r.Events) > 4 {
		return Errorf(CodeBadRequest, "one to four events")
	}
	return firstErr(checkEvents(r.Events), checkRemovalVault(r.Vault))
}

// checkRemovalVault checks the vault epoch that goes with a removal.
func checkRemovalVault(v *PutVault) error {
	if v == nil {
		return Errorf(CodeBadRequest, "a removal opens a vault epoch")
	}
	if v.Password != nil || v.Recovery != nil || v.RecoveryOff {
		return Errorf(CodeBadRequest, "a removal changes no password and no recovery code")
	}
	return v.Check()
}
