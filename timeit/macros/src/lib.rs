//! The attributes of `metrics-timeit`, which documents them: depend on that crate.
//!
//! An attribute goes through three steps, each in its file: `parse` what is written, `validate` that it
//! makes sense, `expand` the function. Whatever is wrong, the function is still emitted, so that nothing
//! else fails with it.

#![forbid(unsafe_code)]

mod body;
mod expand;
mod parse;
mod validate;

use parse::Kind;
use proc_macro::TokenStream;

/// Times a function; see `metrics_timeit::attr::timeit`.
#[proc_macro_attribute]
pub fn timeit(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute(Kind::Timeit, arguments, item)
}

/// Counts the calls of a function; see `metrics_timeit::attr::count`.
#[proc_macro_attribute]
pub fn count(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute(Kind::Count, arguments, item)
}

fn attribute(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let function = parse::function(kind, item.clone());
    let arguments = parse::arguments(kind, arguments.into());
    let plan = match (function, arguments) {
        (Ok(function), Ok(arguments)) => validate::plan(kind, function, arguments),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            Err(error)
        }
    };
    match plan {
        Ok(plan) => expand::expand(plan),
        Err(error) => {
            let error = error.into_compile_error();
            quote::quote!(#item #error)
        }
    }
    .into()
}
