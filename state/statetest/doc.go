// Package statetest is the kit that every backend of the state must pass, and the Store on top of it.
//
// In: how a backend is opened. Out: failures of the test that called Run. It knows no backend. What it asks for is what
// package state relies on; a backend that passes may carry a state. Some of it needs processes of their own that are
// killed: Main, called from TestMain, makes the test binary one of them. Begin with Run in kit.go.
package statetest
