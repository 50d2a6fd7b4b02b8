//! The `#[handler]` attribute of [`lambent-sdk`](https://docs.rs/lambent-sdk),
//! which re-exports it and documents how it is used.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, ReturnType, Safety, Type};

/// Makes a function the event handler of the component it is in.
///
/// The function takes the event, and the context if it wants it:
///
/// ```ignore
/// #[lambent_sdk::handler]
/// fn handle(order: Order, context: Context) -> Result<Receipt, Failure> { … }
/// ```
///
/// The first parameter is anything that implements `FromEvent`, the second is
/// `Context`. The function returns a `Result` of anything that implements
/// `IntoOutput` and anything that turns into a `Failure`, as every error does.
/// A component has one handler.
#[proc_macro_attribute]
pub fn handler(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let arguments = TokenStream::from(arguments);
    if !arguments.is_empty() {
        return refuse(arguments, "`#[handler]` takes no arguments").into_compile_error().into();
    }
    match syn::parse::<ItemFn>(item).and_then(expand) {
        Ok(tokens) => tokens.into(),
        Err(error) => error.into_compile_error().into(),
    }
}

/// The function as it was, and the component's export that calls it.
fn expand(function: ItemFn) -> syn::Result<TokenStream> {
    check(&function)?;
    let (input, context) = parameters(&function)?;
    let name = &function.sig.ident;
    // Spans decide where the compiler points when a type does not fit.
    let decode = quote_spanned! { input.span()=>
        <#input as ::lambent_sdk::FromEvent>::from_event(event)?
    };
    let call = match context {
        Some(context) => quote_spanned! { context.span()=> #name(input, context) },
        None => quote! { #name(input) },
    };
    let finish = quote_spanned! { function.sig.output.span()=>
        ::lambent_sdk::__private::Outcome::into_result(outcome)
    };

    Ok(quote! {
        #function

        const _: () = {
            struct Function;

            impl ::lambent_sdk::__private::Guest for Function {
                fn handle(
                    event: ::lambent_sdk::__private::Event,
                    context: &::lambent_sdk::__private::Context,
                ) -> ::core::result::Result<
                    ::lambent_sdk::__private::Output,
                    ::lambent_sdk::__private::Failure,
                > {
                    ::lambent_sdk::__private::run(event, context, |event, context| {
                        let _ = context;
                        let input = #decode;
                        let outcome = #call;
                        #finish
                    })
                }
            }

            ::lambent_sdk::__private::export!(
                Function with_types_in ::lambent_sdk::__private::bindings
            );
        };
    })
}

/// Refuses what no handler can be, each with its reason.
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

/// The type of the event parameter, and that of the context if it follows.
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
