package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"math"
	"time"
)

// CreateOptions describe a new group.
type CreateOptions struct {
	Suite      CipherSuite // zero: DefaultSuite
	GroupID    []byte      // empty: drawn at random
	Signer     crypto.Signer
	Credential Credential
	Extensions []Extension // of the group context
}

// Create makes a group whose only member is its creator (RFC 9420 §11).
func Create(c Config, o CreateOptions) (*Group, error) {
	s, err := suiteOf(orDefault(o.Suite))
	if err != nil {
		return nil, err
	}
	if err := checkSize("group id", len(o.GroupID), maxGroupID); err != nil {
		return nil, err
	}
	if err := checkExtensionSize(o.Extensions); err != nil {
		return nil, err
	}
	groupID := bytes.Clone(o.GroupID)
	if len(groupID) == 0 {
		if groupID, err = randomBytes(c.Rand, s.nh); err != nil {
			return nil, err
		}
	}
	leaf, key, err := creatorLeaf(&c, s, o)
	if err != nil {
		return nil, err
	}
	tree := newRatchetTree(s, leaf)
	context := groupContext{suite: s.id, groupID: groupID, treeHash: tree.hash(), extensions: cloneExtensions(o.Extensions)}
	if err := tree.checkGroupExtensions(&context); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	secret, err := randomBytes(c.Rand, s.nh)
	if err != nil {
		return nil, err
	}
	e := newEpochState(s, context, context.encode(), tree)
	e.keys = privateKeys{0: key}
	encryption := e.derive(secret)
	return &Group{epochState: e, secretTree: &secretNode{secret: encryption}, signer: o.Signer}, nil
}

// creatorLeaf makes a leaf of source key_package, as the creator's would be had somebody added it.
func creatorLeaf(c *Config, s *suite, o CreateOptions) (*leafNode, hpkeKey, error) {
	key, err := s.generateKey(c.Rand)
	if err != nil {
		return nil, key, err
	}
	leaf, err := newLeaf(s, o.Signer, o.Credential, key.public)
	if err != nil {
		return nil, key, err
	}
	leaf.source, leaf.lifetime = sourceKeyPackage, creatorLifetime(c)
	leaf.capabilities = ownCapabilities(c.Extensions...)
	if c.GREASE {
		if err := leaf.grease(c.Rand); err != nil {
			return nil, key, err
		}
	}
	leaf, err = leaf.sign(s, o.Signer, nil, 0)
	return leaf, key, err
}

// creatorLifetime starts an hour ago, for clocks that differ. Without a clock it has no bounds.
func creatorLifetime(c *Config) Lifetime {
	if c.Now == nil {
		return Lifetime{NotAfter: math.MaxInt64}
	}
	start := c.Now().Add(-time.Hour)
	return Lifetime{NotBefore: uint64(max(start.Unix(), 0)), NotAfter: uint64(max(start.Add(MaxLifetime).Unix(), 0))}
}
