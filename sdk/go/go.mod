module github.com/lambent-dev/lambent/sdk/go

go 1.24
