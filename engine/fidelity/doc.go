// Package fidelity holds the words for how faithfully a part of an item fares in a target: what is lost, what differs
// and in which direction, who feels it and how much.
//
// In: nothing. Out: Finding, from which the class of an item follows, and Impact, what people will feel of many of
// them. It must not know items or resources.
package fidelity
