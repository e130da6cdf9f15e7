package plan

import (
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
)

// CheckClassifier refuses a plan that was made under another classifier: what it calls safe may be called something
// else now.
func CheckClassifier(p *Plan) error {
	if p.Classifier == assess.ClassifierVersion {
		return nil
	}
	return diag.Errorf("plan-other-classifier", "Plan was made by another classifier",
		"The plan was made under classifier %q, this version of rehome has %q, which may judge its items differently. "+
			"Nothing was changed.\nPlan again and have the new hash approved.",
		p.Classifier, assess.ClassifierVersion)
}
