//! The `#[handler]` and `#[batch_handler]` attributes of
//! [`lambent-sdk`](https://docs.rs/lambent-sdk), which re-exports them and
//! documents how they are used.

mod signature;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use signature::Signature;
use syn::ItemFn;
use syn::spanned::Spanned;

/// Makes a function the event handler of the component it is in.
///
/// The function takes the event, and the context if it wants it:
///
/// ```ignore
/// #[lambent_sdk::handler]
/// fn handle(order: Order, context: Context) -> Result<Receipt, Failure> { /* … */ }
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
    expanded(arguments.into(), item, one)
}

/// Makes a function the batch handler of the component it is in.
///
/// The function takes several events, and the context if it wants it:
///
/// ```ignore
/// #[lambent_sdk::batch_handler]
/// fn handle(orders: Batch<QueueMessage<Order>>) -> Result<Vec<ItemFailure>, Failure> { /* … */ }
/// ```
///
/// The first parameter is a `Batch` of anything that implements `FromEvent`, the
/// second is `Context`. The function returns which events failed, or nothing if
/// none can, or an error if all did.
#[proc_macro_attribute]
pub fn batch_handler(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expanded(arguments.into(), item, batch)
}

fn expanded(
    arguments: TokenStream,
    item: proc_macro::TokenStream,
    export: fn(&Signature<'_>) -> TokenStream,
) -> proc_macro::TokenStream {
    let parsed = signature::without_arguments(&arguments).and_then(|()| syn::parse::<ItemFn>(item));
    let expanded = parsed.and_then(|function| {
        let export = export(&Signature::of(&function)?);
        Ok(quote! { #function const _: () = { #export }; })
    });
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes the component's export that calls a handler.
fn one(signature: &Signature<'_>) -> TokenStream {
    let Signature { input, output, .. } = signature;
    // Spans decide where the compiler points when a type does not fit.
    let decode = quote_spanned! { input.span()=>
        <#input as ::lambent_sdk::FromEvent>::from_event(event)?
    };
    let call = signature.call();
    let finish = quote_spanned! { output.span()=>
        ::lambent_sdk::__private::Outcome::into_result(outcome)
    };
    quote! {
        struct Function;

        impl ::lambent_sdk::__private::bindings::function::exports::lambent::function::handler::Guest
            for Function
        {
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

        ::lambent_sdk::__private::bindings::function::export!(
            Function with_types_in ::lambent_sdk::__private::bindings::function
        );
    }
}

/// Makes the component's export that calls a batch handler.
fn batch(signature: &Signature<'_>) -> TokenStream {
    let Signature { input, output, .. } = signature;
    let exports = quote! {
        ::lambent_sdk::__private::bindings::batch::exports::lambent::function::batch_handler
    };
    let decode = quote_spanned! { input.span()=>
        <#input as ::lambent_sdk::__private::FromEvents>::from_events(events)
    };
    let call = signature.call();
    let finish = quote_spanned! { output.span()=>
        ::lambent_sdk::__private::BatchOutcome::into_failures(outcome)
    };
    quote! {
        struct Function;

        impl #exports::Guest for Function {
            fn handle(
                events: ::std::vec::Vec<::lambent_sdk::__private::Event>,
                context: &::lambent_sdk::__private::Context,
            ) -> ::core::result::Result<
                ::std::vec::Vec<#exports::ItemFailure>,
                ::lambent_sdk::__private::Failure,
            > {
                ::lambent_sdk::__private::run_batch(events, context, |events, context| {
                    let _ = context;
                    let (input, mut failed) = #decode;
                    let outcome = #call;
                    failed.extend(#finish?);
                    ::core::result::Result::Ok(failed)
                })
            }
        }

        ::lambent_sdk::__private::bindings::batch::export!(
            Function with_types_in ::lambent_sdk::__private::bindings::batch
        );
    }
}
