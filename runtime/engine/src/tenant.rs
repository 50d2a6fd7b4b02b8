use lambent_types::{FunctionName, FunctionVersion, Namespace};

/// Whose guests share a part of the CPU and of the memory: the guests of a function,
/// within what its namespace has. Guests of no function, such as a product's plugins,
/// are all of one tenant.
pub(crate) type Tenant = (Option<Namespace>, Option<FunctionName>);

/// The tenant of an invocation of `function`.
pub(crate) fn tenant(function: Option<&FunctionVersion>) -> Tenant {
    let of = |function: &FunctionVersion| (function.namespace.clone(), function.name.clone());
    function.map(of).unzip()
}
