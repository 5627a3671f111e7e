package main

import (
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// codeOf names the status of a call as the contracts do, such as NOT_FOUND.
func codeOf(err error) string {
	return code.Code(status.Code(err)).String()
}

// faultOf reads all that an error says, also its details.
func faultOf(err error) map[string]string {
	said := map[string]string{"code": codeOf(err)}
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			said["reason"], said["domain"], said["line"] = detail.Reason, detail.Domain, detail.Metadata["line"]
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				said["field"], said["description"] = violation.Field, violation.Description
			}
		}
	}
	return said
}
