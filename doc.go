// Package frond is the root of a messenger that a team runs for itself. The program is in cmd/frond;
// docs/architecture.md walks through the rooms. This package holds only the test that guards the
// import rule between them.
package frond
