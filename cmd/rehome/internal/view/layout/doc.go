// Package layout has the forms that every view is laid out in: tables for people, JSON documents and long lists for
// programs.
//
// In: cells and values. Out: text. It knows nothing of what they mean, so that the views of several packages stand on
// it. Begin with Table in table.go; a list that is never held as a whole is in list.go.
package layout
