use lambent_types::{Error, ErrorCode, FunctionVersion, Handler, Incoming};

/// The handler of a function for what comes to it.
///
/// # Errors
/// `NotInvocable`: it exports none that fits.
pub(crate) fn choose_handler(
    incoming: Incoming,
    function: &FunctionVersion,
) -> Result<Handler, Error> {
    incoming.handler(&function.handlers).ok_or_else(|| {
        let wanted: Vec<_> = incoming.handlers().iter().map(|handler| handler.as_str()).collect();
        let name = &function.name;
        let mut detail = format!(
            "function \"{name}\" exports nothing that can be called for this; it needs one of: {}",
            wanted.join(", ")
        );
        if Incoming::Message.handler(&function.handlers).is_some() {
            detail.push_str("; it takes messages: lambent invoke ");
            detail.push_str(&format!("{name} --event queue:'{{}}'"));
        }
        Error::new(ErrorCode::NotInvocable, detail)
    })
}
