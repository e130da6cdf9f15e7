// Package bucket counts requests in windows of one minute, as both incumbents do.
//
// In: the time of a request. Out: whether it is allowed, how many are left and when the window ends.
// It knows nothing of HTTP, so that each lab writes its own headers.
// Begin with Take in bucket.go.
package bucket
