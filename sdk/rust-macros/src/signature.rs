use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, Ident, ItemFn, ReturnType, Safety, Type};

/// The parts of the author's function that its export depends on.
pub(crate) struct Signature<'a> {
    name: &'a Ident,
    /// The type of the first parameter.
    pub(crate) input: &'a Type,
    context: Option<&'a Type>,
    pub(crate) output: &'a ReturnType,
}

impl<'a> Signature<'a> {
    /// Reads the signature, and refuses with a reason what cannot be a handler.
    pub(crate) fn of(function: &'a ItemFn) -> syn::Result<Self> {
        check(function)?;
        let (input, context) = parameters(function)?;
        let signature = &function.sig;
        Ok(Self { name: &signature.ident, input, context, output: &signature.output })
    }

    /// Makes the call, with `input` and `context`.
    pub(crate) fn call(&self) -> TokenStream {
        let name = self.name;
        match self.context {
            Some(context) => quote_spanned! { context.span()=> #name(input, context) },
            None => quote! { #name(input) },
        }
    }
}

/// Refuses arguments of the attribute itself.
pub(crate) fn without_arguments(arguments: &TokenStream) -> syn::Result<()> {
    if arguments.is_empty() {
        Ok(())
    } else {
        Err(refuse(arguments, "the attribute of a handler takes no arguments"))
    }
}

fn check(function: &ItemFn) -> syn::Result<()> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness {
        return Err(refuse(keyword, "a handler is an ordinary function: remove `async`"));
    }
    if let Safety::Unsafe(keyword) = &signature.safety {
        return Err(refuse(keyword, "the host calls a handler: it must not be `unsafe`"));
    }
    if let Some(abi) = &signature.abi {
        return Err(refuse(abi, "a handler is an ordinary function: remove `extern`"));
    }
    if let Some(parameter) = signature.generics.params.first() {
        return Err(refuse(parameter, "a handler has concrete types: remove the generics"));
    }
    if matches!(signature.output, ReturnType::Default) {
        return Err(refuse(
            &signature.ident,
            "a handler returns `Result<output, error>`; without an output, `Result<(), error>`",
        ));
    }
    Ok(())
}

/// Returns the type of the event parameter, and the type of the context if it follows.
fn parameters(function: &ItemFn) -> syn::Result<(&Type, Option<&Type>)> {
    let mut types = Vec::new();
    for parameter in &function.sig.inputs {
        match parameter {
            FnArg::Typed(parameter) => types.push(&*parameter.ty),
            FnArg::Receiver(receiver) => {
                return Err(refuse(receiver, "a handler is a free function: it has no `self`"));
            }
        }
    }
    if let Some(Type::Reference(borrowed)) = types.first() {
        return Err(refuse(borrowed, "a handler owns its event: take `String` for `&str`"));
    }
    match types[..] {
        [input] => Ok((input, None)),
        [input, context] => Ok((input, Some(context))),
        [] => Err(refuse(
            &function.sig.ident,
            "a handler takes the event: add a parameter such as `event: Event`",
        )),
        [_, _, extra, ..] => {
            Err(refuse(extra, "a handler takes the event and the context, nothing else"))
        }
    }
}

fn refuse(tokens: impl quote::ToTokens, message: &str) -> Error {
    Error::new_spanned(tokens, message)
}
