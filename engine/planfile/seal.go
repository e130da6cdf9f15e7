package planfile

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/plan"
)

// The seal of a plan file is the public key of its planner and a signature over the digest of the whole file and the
// key of the pseudonyms. The plan hash pins what will be done; the seal says whose word it is when the plan was made,
// until when it holds and how old its snapshots are.
const (
	plannerPurpose = "rehome/planner/v1"
	sealPurpose    = "rehome/plan-file/v1"
	plannerPrefix  = "ed25519:"
)

// Planner is the key with which the holder of an identity seals plans. It follows from the identity, so that nobody has
// another secret to keep.
func Planner(identity *age.X25519Identity) (ed25519.PrivateKey, error) {
	seed, err := hkdf.Key(sha256.New, []byte(identity.String()), nil, plannerPurpose, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the planner: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// PlannerText is the public key of a planner as trusted_planners names it.
func PlannerText(key ed25519.PublicKey) string {
	return plannerPrefix + base64.RawURLEncoding.EncodeToString(key)
}

// ParsePlanner reads what PlannerText wrote.
func ParsePlanner(text string) (ed25519.PublicKey, error) {
	encoded, found := strings.CutPrefix(text, plannerPrefix)
	key, err := base64.RawURLEncoding.DecodeString(encoded)
	if !found || err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%q is no public key of a planner (%s…)", text, plannerPrefix)
	}
	return key, nil
}

func sealedText(digest [32]byte, peopleKey []byte) []byte {
	people := sha256.Sum256(peopleKey)
	return slices.Concat([]byte(sealPurpose), []byte{0}, people[:], digest[:])
}

func sealWith(planner ed25519.PrivateKey, peopleKey []byte) func([32]byte) ([]byte, error) {
	return func(digest [32]byte) ([]byte, error) {
		public, is := planner.Public().(ed25519.PublicKey)
		if !is || len(planner) != ed25519.PrivateKeySize {
			return nil, fmt.Errorf("the planner has no key to seal with")
		}
		return slices.Concat(public, ed25519.Sign(planner, sealedText(digest, peopleKey))), nil
	}
}

// sealedBy is the planner whose seal fits.
func sealedBy(seal plan.Seal, peopleKey []byte) (ed25519.PublicKey, error) {
	key := ed25519.PublicKey(slices.Clone(seal.Bytes[:ed25519.PublicKeySize]))
	if !ed25519.Verify(key, sealedText(seal.Digest, peopleKey), seal.Bytes[ed25519.PublicKeySize:]) {
		return nil, fmt.Errorf("its seal is not of what it holds")
	}
	return key, nil
}
