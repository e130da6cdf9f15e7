package statetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/state"
)

// roleVariable makes a process of the test binary one that works on a state. Its value is the role; the place is in
// placeVariable.
const (
	roleVariable  = "REHOME_STATETEST_ROLE"
	placeVariable = "REHOME_STATETEST_PLACE"
)

// The roles of a process.
const (
	roleAdd    = "add"    // adds to a number, addTimes
	roleCommit = "commit" // writes numbers and says each that is kept, until it is killed
	roleHold   = "hold"   // holds an update until it is killed
)

const addTimes = 25

// Main is the TestMain of a package that calls Run: it runs its tests, or a role in a process that Run has started.
func Main(m *testing.M, subject Subject) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(role, subject); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(role string, subject Subject) error {
	b, err := subject.Open(os.Getenv(placeVariable), patience, "a process that plays "+role)
	if err != nil {
		return err
	}
	ctx := context.Background()
	switch role {
	case roleAdd:
		for range addTimes {
			if err := b.Update(ctx, addOne); err != nil {
				return err
			}
		}
		return b.Close()
	case roleCommit:
		for i := 0; ; i++ {
			if err := b.Update(ctx, func(tx state.Tx) error { return tx.Put("b", number(i), []byte("kept")) }); err != nil {
				return err
			}
			fmt.Println(i) // one write to the pipe: said is said, whatever happens next
		}
	case roleHold:
		return b.Update(ctx, func(tx state.Tx) error {
			err := tx.Put("b", "half", []byte("done"))
			fmt.Println("held")
			_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
			return err
		})
	}
	return errors.New("no such role: " + role)
}

func number(i int) string { return fmt.Sprintf("%08d", i) }

func addOne(tx state.Tx) error {
	n := 0
	if text := tx.Get("b", "sum"); text != nil {
		var err error
		if n, err = strconv.Atoi(string(text)); err != nil {
			return err
		}
	}
	return tx.Put("b", "sum", []byte(strconv.Itoa(n+1)))
}

// process starts a process with a role on the place.
func (k kit) process(role string) (*exec.Cmd, *bufio.Scanner) {
	k.Helper()
	self, err := os.Executable()
	k.check(err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), roleVariable+"="+role, placeVariable+"="+k.place)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	k.check(err)
	_, err = command.StdinPipe()
	k.check(err)
	k.check(command.Start())
	return command, bufio.NewScanner(out)
}

func processesTakeTurns(k kit) {
	first, _ := k.process(roleAdd)
	second, _ := k.process(roleAdd)
	b := k.open(patience, "test")
	for range addTimes {
		k.check(b.Update(k.Context(), addOne))
	}
	k.check(first.Wait())
	k.check(second.Wait())
	k.holds(b, "b", "", fmt.Sprintf("sum=%d", 3*addTimes))
}

func killedLosesNothing(k kit) {
	for round := range 5 {
		process, said := k.process(roleCommit)
		last := -1
		for said.Scan() {
			n, err := strconv.Atoi(said.Text())
			k.check(err)
			if last = n; n == 10+7*round {
				k.check(process.Process.Kill()) // what it says until it is dead counts too
			}
		}
		_ = process.Wait() // it was killed
		if last < 10 {
			k.Fatalf("the process came to write %d values only", last+1)
		}
		b := k.open(patience, "test")
		k.check(b.View(k.Context(), func(tx state.Tx) error {
			for i := range last + 1 {
				if string(tx.Get("b", number(i))) != "kept" {
					k.Errorf("round %d: the process was told that value %d of %d is kept, and it is gone", round, i, last)
				}
			}
			return nil
		}))
	}
}

func killedHoldsNobodyUp(k kit) {
	process, said := k.process(roleHold)
	if !said.Scan() || said.Text() != "held" {
		k.Fatalf("the process did not come to hold the state: %v", said.Err())
	}
	k.check(process.Process.Kill())
	_ = process.Wait() // it was killed
	b := k.open(5*time.Second, "test")
	k.put(b, "b", "after", "1")
	k.holds(b, "b", "", "after=1")
}
