package keycloak

import "sync"

// keyedLocks lets one step at a time change one object.
type keyedLocks struct {
	mutex sync.Mutex
	held  map[string]*sync.Mutex
}

// hold takes the locks of the keys, which are sorted so that two steps never wait for each other. The result gives them
// back.
func (k *keyedLocks) hold(keys ...string) func() {
	taken := make([]*sync.Mutex, 0, len(keys))
	for _, key := range keys {
		k.mutex.Lock()
		if k.held == nil {
			k.held = map[string]*sync.Mutex{}
		}
		lock, ok := k.held[key]
		if !ok {
			lock = &sync.Mutex{}
			k.held[key] = lock
		}
		k.mutex.Unlock()
		lock.Lock()
		taken = append(taken, lock)
	}
	return func() {
		for _, lock := range taken {
			lock.Unlock()
		}
	}
}
