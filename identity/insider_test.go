package identity

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// These tests hold the root: everything they sign has a true signature, and is
// refused for what it says.

var insiderTime = time.Unix(1_800_000_000, 0)

type insider struct {
	root  Root
	chain *Chain
}

func newInsider(t testing.TB) insider {
	t.Helper()
	root, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := NewChain(rand.Reader, root, "mallory", insiderTime)
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	chain, err = chain.AddDevice(root, ID{1}, key.Public(), "first", insiderTime)
	if err != nil {
		t.Fatal(err)
	}
	return insider{root, chain}
}

// sign signs any bytes as an event's body.
func (in insider) sign(t testing.TB, body []byte) []byte {
	t.Helper()
	signature, err := in.root.key.sign(labelEvent, body)
	if err != nil {
		t.Fatal(err)
	}
	return encode(signedEvent{Body: body, Signature: signature})
}

// next returns the body of a well-formed next event.
func (in insider) next(kind uint64, payload []byte) eventBody {
	head := in.chain.Head()
	return eventBody{
		Version: eventVersion, Index: uint64(in.chain.Len()), Previous: head[:],
		Time: uint64(insiderTime.Unix()), Kind: kind, Payload: payload,
	}
}

func (in insider) device(t testing.TB) deviceAdded {
	t.Helper()
	key, err := NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := in.root.Certify(in.chain.Account(), ID{2}, key.Public(), insiderTime)
	if err != nil {
		t.Fatal(err)
	}
	return deviceAdded{ID{2}, key.Public(), "second", cert}
}

func TestATrueSignatureDoesNotExcuseAMalformedEvent(t *testing.T) {
	in := newInsider(t)
	device := in.device(t)
	good := in.next(kindDeviceAdded, encode(device))
	if _, err := in.chain.Append(in.sign(t, encode(good))); err != nil {
		t.Fatalf("the good event is refused: %v", err)
	}
	change := func(f func(*eventBody)) []byte {
		body := good
		f(&body)
		return encode(body)
	}
	raw := encode(good)
	for what, body := range map[string][]byte{
		"version 0":         change(func(b *eventBody) { b.Version = 0 }),
		"version 2":         change(func(b *eventBody) { b.Version = 2 }),
		"index too low":     change(func(b *eventBody) { b.Index-- }),
		"index too high":    change(func(b *eventBody) { b.Index++ }),
		"another past":      change(func(b *eventBody) { b.Previous = make([]byte, 32) }),
		"no past":           change(func(b *eventBody) { b.Previous = nil }),
		"the year 10000":    change(func(b *eventBody) { b.Time = maxTime + 1 }),
		"the end of time":   change(func(b *eventBody) { b.Time = 1<<64 - 1 }),
		"kind 0":            change(func(b *eventBody) { b.Kind = 0 }),
		"kind 99":           change(func(b *eventBody) { b.Kind = 99 }),
		"second beginning":  change(func(b *eventBody) { b.Kind = kindAccountCreated }),
		"another payload":   change(func(b *eventBody) { b.Kind = kindRootRotated }),
		"empty payload":     change(func(b *eventBody) { b.Payload = nil }),
		"null payload":      change(func(b *eventBody) { b.Payload = []byte{0xf6} }),
		"trailing payload":  change(func(b *eventBody) { b.Payload = append(encode(device), 0) }),
		"empty body":        {},
		"trailing body":     append(append([]byte{}, raw...), 0),
		"null body":         {0xf6},
		"no map":            {0x80},
		"unknown field":     encode(map[int]any{1: 1, 2: 2, 3: good.Previous, 4: 4, 5: 2, 6: good.Payload, 7: 0}),
		"missing field":     encode(map[int]any{1: 1, 2: 2, 3: good.Previous, 4: 4, 5: 2}),
		"doubled field":     append([]byte{0xa7, 0x01, 0x01}, raw[1:]...),
		"long integer":      append([]byte{0xa6, 0x01, 0x18, 0x01}, raw[3:]...),
		"indefinite length": append(append([]byte{0xbf}, raw[1:]...), 0xff),
		"tagged":            append([]byte{0xd9, 0xd9, 0xf7}, raw...),
		"text for a number": encode(map[int]any{1: "1", 2: 2, 3: good.Previous, 4: 4, 5: 2, 6: good.Payload}),
		"fractional number": encode(map[int]any{1: 1.5, 2: 2, 3: good.Previous, 4: 4, 5: 2, 6: good.Payload}),
		"negative number":   encode(map[int]any{1: -1, 2: 2, 3: good.Previous, 4: 4, 5: 2, 6: good.Payload}),
	} {
		if next, err := in.chain.Append(in.sign(t, body)); err == nil || next != nil {
			t.Errorf("%s: accepted", what)
		}
	}
	if in.chain.Len() != 2 {
		t.Error("a refused event left a trace")
	}
}

func TestATrueSignatureDoesNotExcuseAnUntrueEvent(t *testing.T) {
	in := newInsider(t)
	device := in.device(t)
	otherAccount, err := in.root.Certify(ID{9}, device.Device, device.Key, insiderTime)
	if err != nil {
		t.Fatal(err)
	}
	mallory, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	otherRoot, err := mallory.Certify(in.chain.Account(), device.Device, device.Key, insiderTime)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*deviceAdded)) []byte {
		d := device
		f(&d)
		return encode(in.next(kindDeviceAdded, encode(d)))
	}
	for what, c := range map[string]struct {
		body []byte
		want error
	}{
		"certified for another account": {change(func(d *deviceAdded) { d.Certificate = otherAccount }), ErrSignature},
		"certified by another root":     {change(func(d *deviceAdded) { d.Certificate = otherRoot }), ErrSignature},
		"certified with another id":     {change(func(d *deviceAdded) { d.Device = ID{7} }), ErrSignature},
		"certified with another key":    {change(func(d *deviceAdded) { d.Key = [32]byte(mallory.Public()) }), ErrSignature},
		"no certificate":                {change(func(d *deviceAdded) { d.Certificate = nil }), ErrMalformed},
		"a key of small order":          {change(func(d *deviceAdded) { d.Key = lowOrder[0] }), ErrKey},
		"a name of two lines":           {change(func(d *deviceAdded) { d.Name = "a\nb" }), ErrMalformed},
		"a name too long":               {change(func(d *deviceAdded) { d.Name = string(make([]byte, 65)) }), ErrLimit},
		"a device removed that is not":  {encode(in.next(kindDeviceRemoved, encode(deviceRemoved{ID{5}}))), ErrNotAllowed},
	} {
		if _, err := in.chain.Append(in.sign(t, c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", what, err, c.want)
		}
	}
}

func TestARotationNeedsTheNewRootsConsentAndAllCertificates(t *testing.T) {
	in := newInsider(t)
	next, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	victim, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	consent := func(by Root, s newRoot) []byte {
		signature, err := by.key.sign(labelNewRoot, encode(s))
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	here := newRoot{in.chain.Account(), in.chain.Head(), in.root.Public(), next.Public()}
	elsewhere, earlier := here, here
	elsewhere.Account, earlier.Previous = ID{9}, hashEvent(in.chain.Event(0))
	d := in.chain.Devices()[0]
	cert, err := next.Certify(in.chain.Account(), d.ID, d.Key, insiderTime)
	if err != nil {
		t.Fatal(err)
	}
	yes := consent(next, here)
	for what, c := range map[string]struct {
		p    rootRotated
		want error
	}{
		"as it should be":               {rootRotated{next.Public(), yes, [][]byte{cert}}, nil},
		"somebody else's root":          {rootRotated{victim.Public(), yes, [][]byte{cert}}, ErrSignature},
		"no consent":                    {rootRotated{next.Public(), nil, [][]byte{cert}}, ErrSignature},
		"the old root's consent":        {rootRotated{next.Public(), consent(in.root, here), [][]byte{cert}}, ErrSignature},
		"consent for another account":   {rootRotated{next.Public(), consent(next, elsewhere), [][]byte{cert}}, ErrSignature},
		"consent from earlier":          {rootRotated{next.Public(), consent(next, earlier), [][]byte{cert}}, ErrSignature},
		"no certificate":                {rootRotated{next.Public(), yes, nil}, ErrNotAllowed},
		"a certificate too many":        {rootRotated{next.Public(), yes, [][]byte{cert, cert}}, ErrNotAllowed},
		"the old root's certificate":    {rootRotated{next.Public(), yes, [][]byte{d.Certificate}}, ErrSignature},
		"a new root of small order":     {rootRotated{RootKey(lowOrder[0]), yes, [][]byte{cert}}, ErrKey},
		"certificates beyond the limit": {rootRotated{next.Public(), yes, make([][]byte, MaxDevices+1)}, ErrMalformed},
	} {
		event := in.sign(t, encode(in.next(kindRootRotated, encode(c.p))))
		if _, err := in.chain.Append(event); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", what, err, c.want)
		}
	}
}

func TestASignatureServesOnePurpose(t *testing.T) {
	in := newInsider(t)
	body := encode(in.next(kindDeviceAdded, encode(in.device(t))))
	for _, label := range []string{labelContent, labelCertificate, labelNewRoot, "frond/sigchain/v", ""} {
		signature, err := in.root.key.sign(label, body)
		if err != nil {
			t.Fatal(err)
		}
		event := encode(signedEvent{Body: body, Signature: signature})
		if _, err := in.chain.Append(event); !errors.Is(err, ErrSignature) {
			t.Errorf("signed under %q: %v", label, err)
		}
	}
}

func TestAMalformedEnvelopeIsRefused(t *testing.T) {
	in := newInsider(t)
	body := encode(in.next(kindDeviceAdded, encode(in.device(t))))
	signature, err := in.root.key.sign(labelEvent, body)
	if err != nil {
		t.Fatal(err)
	}
	for what, v := range map[string]any{
		"one element":     []any{body},
		"three elements":  []any{body, signature, signature},
		"a map":           map[int]any{0: body, 1: signature},
		"text for bytes":  []any{body, string(make([]byte, 64))},
		"short signature": []any{body, signature[:63]},
		"long signature":  []any{body, append(signature[:64:64], 0)},
		"array for bytes": []any{body, []int{1, 2}},
		"nested too deep": []any{[]any{[]any{[]any{[]any{body}}}}, signature},
		"tagged":          cbor.Tag{Number: 24, Content: []any{body, signature}},
	} {
		if _, err := in.chain.Append(encode(v)); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// FuzzInsiderEvent lets the root's holder sign any body: whatever is accepted
// must read back as the same chain.
func FuzzInsiderEvent(f *testing.F) {
	in := newInsider(f)
	f.Add(encode(in.next(kindDeviceAdded, encode(in.device(f)))))
	f.Add(encode(in.next(kindDeviceRemoved, encode(deviceRemoved{ID{1}}))))
	f.Add(encode(in.next(kindRootRotated, encode(rootRotated{Root: in.root.Public()}))))
	f.Fuzz(func(t *testing.T, body []byte) {
		next, err := in.chain.Append(in.sign(t, body))
		if err != nil {
			return
		}
		read, err := ParseChain(next.Events())
		if err != nil || !read.Equal(next) || read.Extends(in.chain) != nil {
			t.Fatalf("accepted once, then: %v", err)
		}
	})
}

// FuzzInsiderPayload reaches deeper: the body is right, the payload is anything.
func FuzzInsiderPayload(f *testing.F) {
	in := newInsider(f)
	f.Add(uint64(kindDeviceAdded), encode(in.device(f)))
	f.Add(uint64(kindDeviceRemoved), encode(deviceRemoved{ID{1}}))
	f.Add(uint64(kindRootRotated), encode(rootRotated{Root: in.root.Public()}))
	f.Fuzz(func(t *testing.T, kind uint64, payload []byte) {
		next, err := in.chain.Append(in.sign(t, encode(in.next(kind, payload))))
		if err == nil && (next.Len() != in.chain.Len()+1 || next.Extends(in.chain) != nil) {
			t.Fatal("accepted, but does not extend")
		}
	})
}

// FuzzParseChain reads one event from anybody.
func FuzzParseChain(f *testing.F) {
	in := newInsider(f)
	f.Add(in.chain.Event(0), in.chain.Event(1))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for _, events := range [][][]byte{{first}, {first, second}} {
			chain, err := ParseChain(events)
			if err == nil && (chain.Account() != accountID(first) || chain.Len() != len(events)) {
				t.Fatal("accepted as something else")
			}
		}
	})
}

// FuzzParseCredential checks that what is accepted is canonical and certified.
func FuzzParseCredential(f *testing.F) {
	in := newInsider(f)
	credential, ok := in.chain.Credential(ID{1})
	if !ok {
		f.Fatal("no credential")
	}
	f.Add(credential.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCredential(b)
		if err == nil && (string(c.Marshal()) != string(b) || c.Verify() != nil) {
			t.Fatal("accepted, but not the one encoding of something certified")
		}
	})
}

func TestAResetIsSignedByTheRootItNamesAndNoOther(t *testing.T) {
	in := newInsider(t)
	next, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		payload []byte
		want    error
	}{
		"signed by the old root":  {encode(accountReset{next.Public()}), ErrSignature},
		"a root of small order":   {encode(accountReset{RootKey(lowOrder[0])}), ErrKey},
		"the root that is there":  {encode(accountReset{in.root.Public()}), ErrNotAllowed},
		"a root and something on": {append(encode(accountReset{next.Public()}), 0), ErrMalformed},
	} {
		if _, err := in.chain.Append(in.sign(t, encode(in.next(kindAccountReset, c.payload)))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", what, err, c.want)
		}
	}
}
