//! Every operation of Lambda's API, in the order of AWS's model.

use http::Method;

use super::{
    account_settings, aliases, code_signing, concurrency, event_invoke, functions, invoke, layers,
    mappings, policy, recursion, tags, update, urls, versions,
};
use crate::operation::Operation;

/// Where two share a method and a path, the query tells them apart: see `routes`.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::at(
        Method::POST,
        "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
        "AddLayerVersionPermission",
    ),
    Operation::at(Method::POST, "/2015-03-31/functions/{FunctionName}/policy", "AddPermission")
        .stored(|call| Box::pin(policy::add(call))),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint",
        "CheckpointDurableExecution",
    ),
    Operation::at(Method::POST, "/2015-03-31/functions/{FunctionName}/aliases", "CreateAlias")
        .served(|call| Box::pin(aliases::create(call))),
    Operation::at(Method::POST, "/2025-11-30/capacity-providers", "CreateCapacityProvider"),
    Operation::at(Method::POST, "/2020-04-22/code-signing-configs", "CreateCodeSigningConfig"),
    Operation::at(Method::POST, "/2015-03-31/event-source-mappings", "CreateEventSourceMapping")
        .served(|call| Box::pin(mappings::create(call))),
    Operation::at(Method::POST, "/2015-03-31/functions", "CreateFunction")
        .served(|call| Box::pin(functions::create(call))),
    Operation::at(
        Method::POST,
        "/2021-10-31/functions/{FunctionName}/url",
        "CreateFunctionUrlConfig",
    )
    .served(|call| Box::pin(urls::create(call))),
    Operation::at(
        Method::DELETE,
        "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        "DeleteAlias",
    )
    .served(|call| Box::pin(aliases::delete(call))),
    Operation::at(
        Method::DELETE,
        "/2025-11-30/capacity-providers/{CapacityProviderName}",
        "DeleteCapacityProvider",
    ),
    Operation::at(
        Method::DELETE,
        "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
        "DeleteCodeSigningConfig",
    ),
    Operation::at(
        Method::DELETE,
        "/2025-12-01/durable-executions/{DurableExecutionArn}",
        "DeleteDurableExecution",
    ),
    Operation::at(
        Method::DELETE,
        "/2015-03-31/event-source-mappings/{UUID}",
        "DeleteEventSourceMapping",
    )
    .served(|call| Box::pin(mappings::delete(call))),
    Operation::at(Method::DELETE, "/2015-03-31/functions/{FunctionName}", "DeleteFunction")
        .served(|call| Box::pin(functions::delete(call))),
    Operation::at(
        Method::DELETE,
        "/2020-06-30/functions/{FunctionName}/code-signing-config",
        "DeleteFunctionCodeSigningConfig",
    ),
    Operation::at(
        Method::DELETE,
        "/2017-10-31/functions/{FunctionName}/concurrency",
        "DeleteFunctionConcurrency",
    )
    .served(|call| Box::pin(concurrency::unreserve(call))),
    Operation::at(
        Method::DELETE,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        "DeleteFunctionEventInvokeConfig",
    )
    .served(|call| Box::pin(event_invoke::delete(call))),
    Operation::at(
        Method::DELETE,
        "/2021-10-31/functions/{FunctionName}/url",
        "DeleteFunctionUrlConfig",
    )
    .served(|call| Box::pin(urls::delete(call))),
    Operation::at(
        Method::DELETE,
        "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
        "DeleteLayerVersion",
    )
    .served(|call| Box::pin(layers::delete(call))),
    Operation::at(
        Method::DELETE,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "DeleteProvisionedConcurrencyConfig",
    )
    .served(|call| Box::pin(concurrency::unprovision(call))),
    Operation::at(
        Method::DELETE,
        "/2026-07-09/resource-policy/{ResourceArn}",
        "DeleteResourcePolicy",
    ),
    Operation::at(Method::GET, "/2016-08-19/account-settings", "GetAccountSettings")
        .served(|call| Box::pin(account_settings::get(call))),
    Operation::at(Method::GET, "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "GetAlias")
        .served(|call| Box::pin(aliases::get(call))),
    Operation::at(
        Method::GET,
        "/2025-11-30/capacity-providers/{CapacityProviderName}",
        "GetCapacityProvider",
    ),
    Operation::at(
        Method::GET,
        "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
        "GetCodeSigningConfig",
    ),
    Operation::at(
        Method::GET,
        "/2025-12-01/durable-executions/{DurableExecutionArn}",
        "GetDurableExecution",
    ),
    Operation::at(
        Method::GET,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/history",
        "GetDurableExecutionHistory",
    ),
    Operation::at(
        Method::GET,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/state",
        "GetDurableExecutionState",
    ),
    Operation::at(Method::GET, "/2015-03-31/event-source-mappings/{UUID}", "GetEventSourceMapping")
        .served(|call| Box::pin(mappings::get(call))),
    Operation::at(Method::GET, "/2015-03-31/functions/{FunctionName}", "GetFunction")
        .served(|call| Box::pin(functions::get(call))),
    Operation::at(
        Method::GET,
        "/2020-06-30/functions/{FunctionName}/code-signing-config",
        "GetFunctionCodeSigningConfig",
    )
    .served(|call| Box::pin(code_signing::of_function(call))),
    Operation::at(
        Method::GET,
        "/2019-09-30/functions/{FunctionName}/concurrency",
        "GetFunctionConcurrency",
    )
    .served(|call| Box::pin(concurrency::get_reserved(call))),
    Operation::at(
        Method::GET,
        "/2015-03-31/functions/{FunctionName}/configuration",
        "GetFunctionConfiguration",
    )
    .served(|call| Box::pin(functions::configuration(call))),
    Operation::at(
        Method::GET,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        "GetFunctionEventInvokeConfig",
    )
    .served(|call| Box::pin(event_invoke::get(call))),
    Operation::at(
        Method::GET,
        "/2024-08-31/functions/{FunctionName}/recursion-config",
        "GetFunctionRecursionConfig",
    )
    .served(|call| Box::pin(recursion::get(call))),
    Operation::at(
        Method::GET,
        "/2025-11-30/functions/{FunctionName}/function-scaling-config",
        "GetFunctionScalingConfig",
    ),
    Operation::at(Method::GET, "/2021-10-31/functions/{FunctionName}/url", "GetFunctionUrlConfig")
        .served(|call| Box::pin(urls::get(call))),
    Operation::at(
        Method::GET,
        "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
        "GetLayerVersion",
    )
    .served(|call| Box::pin(layers::get(call))),
    Operation::at(Method::GET, "/2018-10-31/layers", "GetLayerVersionByArn")
        .served(|call| Box::pin(layers::get_by_arn(call))),
    Operation::at(
        Method::GET,
        "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
        "GetLayerVersionPolicy",
    ),
    Operation::at(Method::GET, "/2015-03-31/functions/{FunctionName}/policy", "GetPolicy")
        .stored(|call| Box::pin(policy::get(call))),
    Operation::at(
        Method::GET,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "GetProvisionedConcurrencyConfig",
    )
    .served(|call| Box::pin(concurrency::get_provisioned(call))),
    Operation::at(Method::GET, "/2026-07-09/resource-policy/{ResourceArn}", "GetResourcePolicy"),
    Operation::at(
        Method::GET,
        "/2021-07-20/functions/{FunctionName}/runtime-management-config",
        "GetRuntimeManagementConfig",
    ),
    Operation::at(Method::POST, "/2015-03-31/functions/{FunctionName}/invocations", "Invoke")
        .served(|call| Box::pin(invoke::invoke(call))),
    Operation::at(Method::POST, "/2014-11-13/functions/{FunctionName}/invoke-async", "InvokeAsync")
        .served(|call| Box::pin(invoke::invoke_async(call))),
    Operation::at(
        Method::POST,
        "/2021-11-15/functions/{FunctionName}/response-streaming-invocations",
        "InvokeWithResponseStream",
    )
    .served(|call| Box::pin(invoke::invoke_with_stream(call))),
    Operation::at(Method::GET, "/2015-03-31/functions/{FunctionName}/aliases", "ListAliases")
        .served(|call| Box::pin(aliases::list(call))),
    Operation::at(Method::GET, "/2025-11-30/capacity-providers", "ListCapacityProviders"),
    Operation::at(Method::GET, "/2020-04-22/code-signing-configs", "ListCodeSigningConfigs"),
    Operation::at(
        Method::GET,
        "/2025-12-01/functions/{FunctionName}/durable-executions",
        "ListDurableExecutionsByFunction",
    ),
    Operation::at(Method::GET, "/2015-03-31/event-source-mappings", "ListEventSourceMappings")
        .served(|call| Box::pin(mappings::list(call))),
    Operation::at(
        Method::GET,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config/list",
        "ListFunctionEventInvokeConfigs",
    )
    .served(|call| Box::pin(event_invoke::list(call))),
    Operation::at(
        Method::GET,
        "/2021-10-31/functions/{FunctionName}/urls",
        "ListFunctionUrlConfigs",
    )
    .served(|call| Box::pin(urls::list(call))),
    Operation::at(
        Method::GET,
        "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions",
        "ListFunctionVersionsByCapacityProvider",
    ),
    Operation::at(Method::GET, "/2015-03-31/functions", "ListFunctions")
        .served(|call| Box::pin(functions::list(call))),
    Operation::at(
        Method::GET,
        "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions",
        "ListFunctionsByCodeSigningConfig",
    ),
    Operation::at(Method::GET, "/2018-10-31/layers/{LayerName}/versions", "ListLayerVersions")
        .served(|call| Box::pin(layers::list_versions(call))),
    Operation::at(Method::GET, "/2018-10-31/layers", "ListLayers")
        .served(|call| Box::pin(layers::list(call))),
    Operation::at(
        Method::GET,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "ListProvisionedConcurrencyConfigs",
    )
    .served(|call| Box::pin(concurrency::list_provisioned(call))),
    Operation::at(Method::GET, "/2017-03-31/tags/{Resource}", "ListTags")
        .served(|call| Box::pin(tags::list(call))),
    Operation::at(
        Method::GET,
        "/2015-03-31/functions/{FunctionName}/versions",
        "ListVersionsByFunction",
    )
    .served(|call| Box::pin(versions::list(call))),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/pause",
        "PauseDurableExecution",
    ),
    Operation::at(Method::POST, "/2018-10-31/layers/{LayerName}/versions", "PublishLayerVersion")
        .served(|call| Box::pin(layers::publish(call))),
    Operation::at(Method::POST, "/2015-03-31/functions/{FunctionName}/versions", "PublishVersion")
        .served(|call| Box::pin(versions::publish(call))),
    Operation::at(
        Method::PUT,
        "/2020-06-30/functions/{FunctionName}/code-signing-config",
        "PutFunctionCodeSigningConfig",
    ),
    Operation::at(
        Method::PUT,
        "/2017-10-31/functions/{FunctionName}/concurrency",
        "PutFunctionConcurrency",
    )
    .served(|call| Box::pin(concurrency::reserve(call))),
    Operation::at(
        Method::PUT,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        "PutFunctionEventInvokeConfig",
    )
    .served(|call| Box::pin(event_invoke::put(call))),
    Operation::at(
        Method::PUT,
        "/2024-08-31/functions/{FunctionName}/recursion-config",
        "PutFunctionRecursionConfig",
    ),
    Operation::at(
        Method::PUT,
        "/2025-11-30/functions/{FunctionName}/function-scaling-config",
        "PutFunctionScalingConfig",
    ),
    Operation::at(
        Method::PUT,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "PutProvisionedConcurrencyConfig",
    )
    .served(|call| Box::pin(concurrency::provision(call))),
    Operation::at(Method::PUT, "/2026-07-09/resource-policy/{ResourceArn}", "PutResourcePolicy"),
    Operation::at(
        Method::PUT,
        "/2021-07-20/functions/{FunctionName}/runtime-management-config",
        "PutRuntimeManagementConfig",
    ),
    Operation::at(
        Method::DELETE,
        "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}",
        "RemoveLayerVersionPermission",
    ),
    Operation::at(
        Method::DELETE,
        "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
        "RemovePermission",
    )
    .stored(|call| Box::pin(policy::remove(call))),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/resume",
        "ResumeDurableExecution",
    ),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail",
        "SendDurableExecutionCallbackFailure",
    ),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat",
        "SendDurableExecutionCallbackHeartbeat",
    ),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed",
        "SendDurableExecutionCallbackSuccess",
    ),
    Operation::at(
        Method::POST,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/stop",
        "StopDurableExecution",
    ),
    Operation::at(Method::POST, "/2017-03-31/tags/{Resource}", "TagResource")
        .served(|call| Box::pin(tags::tag(call))),
    Operation::at(Method::DELETE, "/2017-03-31/tags/{Resource}", "UntagResource")
        .served(|call| Box::pin(tags::untag(call))),
    Operation::at(
        Method::PUT,
        "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        "UpdateAlias",
    )
    .served(|call| Box::pin(aliases::update(call))),
    Operation::at(
        Method::PUT,
        "/2025-11-30/capacity-providers/{CapacityProviderName}",
        "UpdateCapacityProvider",
    ),
    Operation::at(
        Method::PUT,
        "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
        "UpdateCodeSigningConfig",
    ),
    Operation::at(
        Method::PUT,
        "/2015-03-31/event-source-mappings/{UUID}",
        "UpdateEventSourceMapping",
    )
    .served(|call| Box::pin(mappings::update(call))),
    Operation::at(Method::PUT, "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode")
        .served(|call| Box::pin(update::code(call))),
    Operation::at(
        Method::PUT,
        "/2015-03-31/functions/{FunctionName}/configuration",
        "UpdateFunctionConfiguration",
    )
    .served(|call| Box::pin(update::configuration(call))),
    Operation::at(
        Method::POST,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        "UpdateFunctionEventInvokeConfig",
    )
    .served(|call| Box::pin(event_invoke::update(call))),
    Operation::at(
        Method::PUT,
        "/2021-10-31/functions/{FunctionName}/url",
        "UpdateFunctionUrlConfig",
    )
    .served(|call| Box::pin(urls::update(call))),
];
