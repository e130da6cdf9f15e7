package protocol

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rehome-iam/rehome/engine/contract"
)

// EncodeError makes the error of a call out of what a provider returned: a *contract.ProviderError crosses unchanged, a
// cancelled call stays one, anything else becomes ErrorInternal with its text.
func EncodeError(err error) error {
	if err == nil {
		return nil
	}
	var failure *contract.ProviderError
	switch {
	case errors.As(err, &failure):
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "deadline exceeded")
	case isStatus(err):
		return err
	default:
		failure = &contract.ProviderError{Code: contract.ErrorInternal, Message: err.Error()}
	}
	live, jsonErr := EncodeAttributes(failure.Live)
	if jsonErr != nil || CheckMetadata(len(live)) != nil {
		live = nil
	}
	message := &ProviderError{
		Code: string(failure.Code), Message: strings.ToValidUTF8(failure.Message, "\uFFFD"),
		Permission: strings.ToValidUTF8(failure.Permission, "\uFFFD"), Page: strings.ToValidUTF8(failure.Page, "\uFFFD"),
		LiveJson: live,
	}
	detailed, detailErr := status.New(codes.FailedPrecondition, "provider error").WithDetails(message)
	if detailErr != nil {
		return status.Error(codes.Internal, "provider error that does not encode")
	}
	return detailed.Err()
}

// CheckMetadata tells whether so many bytes fit in the details of an error. They travel in base64, with some room to
// spare.
func CheckMetadata(bytes int) error {
	if bytes > MaxMetadata/2 {
		return errors.New("details of an error are too large")
	}
	return nil
}

// DecodeError finds the provider's own error in the error of a call; ok is false when the call failed for another
// reason.
func DecodeError(err error) (failure *contract.ProviderError, ok bool) {
	state, isState := status.FromError(err)
	if !isState {
		return nil, false
	}
	for _, detail := range state.Details() {
		message, isMessage := detail.(*ProviderError)
		if !isMessage {
			continue
		}
		live, liveErr := DecodeAttributes(message.GetLiveJson())
		if liveErr != nil {
			live = nil
		}
		return &contract.ProviderError{
			Code: decodeCode(message.GetCode()), Message: CleanText(message.GetMessage()),
			Permission: CleanText(message.GetPermission()), Page: CleanText(message.GetPage()), Live: live,
		}, true
	}
	return nil, false
}

func decodeCode(text string) contract.ErrorCode {
	switch code := contract.ErrorCode(text); code {
	case contract.ErrorUnreachable, contract.ErrorUnauthorized, contract.ErrorForbidden, contract.ErrorNotFound,
		contract.ErrorConflict, contract.ErrorInvalid, contract.ErrorRateLimited, contract.ErrorUnsupported,
		contract.ErrorInternal:
		return code
	}
	return contract.ErrorInternal
}

func isStatus(err error) bool {
	_, ok := status.FromError(err)
	return ok
}
