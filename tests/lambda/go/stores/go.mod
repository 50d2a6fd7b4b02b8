module example.com/stores

go 1.24

require (
	github.com/aws/aws-lambda-go v1.49.0
	github.com/lambent-dev/lambent/sdk/go v0.0.0
)

replace github.com/lambent-dev/lambent/sdk/go => ../../../../sdk/go
