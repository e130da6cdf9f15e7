// Package projecttest is a project for tests of use cases: a folder with a configuration, a source whose items a test
// names, a realm file as the target. Both providers run in this process, so that no binary is built and nothing is
// installed. It is imported by tests only.
package projecttest
