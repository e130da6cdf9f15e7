// Package records tells what a realm has recorded: sign-ins, what administrators wrote, and what people did with a
// resource.
//
// In: a time, or resources. Out: reports that say since when they are complete. It is apart because it reads the past
// and not settings: what it cannot know is said, never left out. Begin with Usage, SignIns and Changes.
package records
