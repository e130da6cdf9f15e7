package version

// Number is the version of every provider of this repository, and of nothing else.
const Number = "0.1.0"
