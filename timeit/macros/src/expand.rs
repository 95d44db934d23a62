//! The function with its measurement.

use crate::body::{self, Work};
use crate::parse::{self, Kind};
use crate::validate::{Plan, Rule};
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Block, Expr, Ident, LitStr, Token, Type, parse_quote};

pub(crate) fn expand(mut plan: Plan) -> TokenStream {
    let mut measurement = Measurement::new(&plan);
    let is_constant = is_static(&plan) && plan.by.is_none();
    match Work::of(&mut plan.function) {
        Work::Sync(block) => *block = measurement.around(block, Flow::Call),
        Work::Async(block) => *block = measurement.around(block, Flow::Await(parse_quote!(move))),
        Work::Future(future) => {
            let before = (!is_constant).then(|| measurement.before_the_future());
            future.block = measurement.around(&future.block, Flow::Await(future.capture));
            if let Some(before) = before {
                let block = headed(&plan.function.block);
                *plan.function.block = parse_quote!({ #before #block });
            }
        }
    }
    plan.function.into_token_stream()
}

#[derive(Clone, Copy)]
enum Flow {
    Call,
    /// In a future that captures so.
    Await(Option<Token![move]>),
}

struct Measurement {
    /// An expression: what the guard is made of.
    prepared: TokenStream,
    /// A call of the guard about `result`; nothing if the guard does not ask.
    returned: Option<TokenStream>,
    /// Where the result is.
    result: Ident,
    result_type: Option<Type>,
    private: TokenStream,
}

impl Measurement {
    fn new(plan: &Plan) -> Self {
        let krate = &plan.krate;
        let private = quote!(#krate::__private);
        let result = local("result");
        let result_type = body::result_type(&plan.function);
        let returned = match &plan.rule {
            Rule::Always => None,
            // The compiler's word on a result without an outcome points to the option.
            Rule::Outcome(flag) | Rule::IfErr(flag) => {
                let result = Ident::new("result", located_at(flag));
                let is_ok = quote_spanned!(located_at(flag)=> #private::is_ok(&#result));
                Some(quote!(returned(#is_ok)))
            }
            Rule::OutcomeBy(closure) => {
                let at = located_at(closure);
                let [said, result] = ["said", "result"].map(|name| Ident::new(name, at));
                let label = quote_spanned! {at=>
                    let #said = #private::Said(#private::outcome(&#result, #closure));
                    #private::text(&#said.text())
                };
                let metric = local("metric");
                Some(quote!(returned_as(|#metric| #metric.with("outcome", {
                    #[allow(unused_imports)]
                    use #private::Any as _;
                    #label
                }))))
            }
            // It never comes back.
            Rule::OnSuccess if matches!(result_type, Some(Type::Never(_))) => None,
            Rule::OnSuccess => Some(quote!(returned({
                #[allow(unused_imports)]
                use #private::Anything as _;
                #private::Returned(&#result).is_ok()
            }))),
        };
        Self {
            prepared: prepared(plan, &private),
            returned,
            result,
            result_type,
            private,
        }
    }

    /// What a function does that gives back a future: labels and amounts are those of the call, and what they are made
    /// from may be gone later. Constants stay in the future.
    fn before_the_future(&mut self) -> TokenStream {
        let name = local("prepared");
        let prepared = std::mem::replace(&mut self.prepared, name.to_token_stream());
        quote!(let #name = #prepared;)
    }

    /// The block within its measurement. It stays a block of its own, so that its items, and the lints about them,
    /// stay where they are.
    fn around(&self, block: &Block, flow: Flow) -> Block {
        let Self {
            prepared,
            result,
            private,
            ..
        } = self;
        let block = headed(block);
        let Some(returned) = &self.returned else {
            let guard = local("_watch");
            return parse_quote!({
                let #guard = #prepared.start();
                #block
            });
        };
        let guard = local("watch");
        let run = match flow {
            Flow::Call => {
                let output = self.output().map(|output| quote!(-> #output));
                quote!(#private::call(move || #output #block))
            }
            Flow::Await(capture) => {
                let early = self.early_return();
                quote!(async #capture { #early #block }.await)
            }
        };
        parse_quote!({
            let #guard = #prepared.start();
            let #result = #run;
            #guard.#returned;
            #result
        })
    }

    /// The result's type as if we had written it, so that nobody is blamed twice for how it looks.
    fn output(&self) -> Option<TokenStream> {
        let output = self.result_type.as_ref()?;
        Some(respanned(output.to_token_stream()))
    }

    /// An `async` block cannot say its type, which `?` needs; a `return` that is never reached says it.
    fn early_return(&self) -> Option<TokenStream> {
        let output = self.output()?;
        let early = local("early");
        Some(quote! {
            #[allow(unreachable_code, clippy::all, clippy::pedantic)]
            if let ::core::option::Option::Some(#early) = ::core::option::Option::None::<#output> {
                return #early;
            }
        })
    }
}

/// The block with an item before all else. Where it has only one expression, the compiler would take its braces, now
/// that they are not the function's, for needless; and clippy wants no statement before an item.
fn headed(block: &Block) -> Block {
    let mut block = block.clone();
    block.stmts.insert(
        0,
        parse_quote!(
            const _: () = ();
        ),
    );
    block
}

/// What the guard for the plan's rule is made of.
fn prepared(plan: &Plan, private: &TokenStream) -> TokenStream {
    let start = match plan.kind {
        Kind::Timeit => quote!(#private::Start::now),
        Kind::Count => {
            let by = local("by");
            quote!(move || #by)
        }
    };
    let by = (plan.kind == Kind::Count).then(|| {
        let name = local("by");
        let amount = plan.by.clone().unwrap_or_else(|| parse_quote!(1));
        quote!(let #name: ::core::primitive::u64 = #amount;)
    });
    let none = quote!(::core::option::Option::None);
    let some = |metric: TokenStream| quote!(::core::option::Option::Some(#metric));
    let is_static = is_static(plan);
    let metric = local("metric");
    // Expressions in labels are evaluated once, whatever becomes of them.
    let (bind, ok, otherwise) = match (&plan.rule, is_static) {
        (Rule::Always | Rule::IfErr(_), _) => (None, none, some(target(plan, private, None))),
        (Rule::OnSuccess, _) => (None, some(target(plan, private, None)), none),
        // The label of what returns is known at the end.
        (Rule::OutcomeBy(_), _) => {
            let target = target(plan, private, None);
            (
                Some(quote!(let #metric = #target;)),
                some(quote!(::core::clone::Clone::clone(&#metric))),
                some(quote!(#metric.with("outcome", "error"))),
            )
        }
        (Rule::Outcome(_), true) => (
            None,
            some(target(plan, private, Some("ok"))),
            some(target(plan, private, Some("error"))),
        ),
        (Rule::Outcome(_), false) => {
            let target = target(plan, private, None);
            (
                Some(quote!(let #metric = #target;)),
                some(quote!(::core::clone::Clone::clone(&#metric).with("outcome", "ok"))),
                some(quote!(#metric.with("outcome", "error"))),
            )
        }
    };
    quote!({ #by #bind #private::Prepared::new(#ok, #otherwise, #start) })
}

/// Whether the compiler knows the whole key.
fn is_static(plan: &Plan) -> bool {
    let is_text = |expression: &Expr| parse::text(expression).is_some();
    !matches!(plan.rule, Rule::OutcomeBy(_))
        && plan.name.as_ref().is_none_or(is_text)
        && plan
            .labels
            .iter()
            .all(|(key, value)| is_text(key) && parse::constant(value).is_some())
}

/// The metric to report to.
fn target(plan: &Plan, private: &TokenStream, outcome: Option<&str>) -> TokenStream {
    let krate = &plan.krate;
    let name = name(plan, private);
    let level = quote!(#private::Level::INFO);
    if is_static(plan) {
        let keys = plan.labels.iter().map(|(key, _)| key);
        let values = plan.labels.iter().map(|(_, value)| constant(value));
        let outcome = outcome.map(|outcome| quote!(, "outcome" => #outcome));
        let key = quote!(#name #(, #keys => #values)* #outcome);
        return match plan.kind {
            Kind::Timeit => quote! {
                #krate::__histogram_site!(
                    target = ::core::module_path!(), level = #level,
                    unit = #private::Unit::Milliseconds, description = "Elapsed time"; #key
                )
            },
            Kind::Count => quote!(#krate::__counter_site!(#key)),
        };
    }
    let labels = plan.labels.iter().map(|(key, value)| {
        let key = shared(key, private);
        let value = constant(value).unwrap_or_else(|| shared(value, private));
        quote!(#private::Label::new(#key, #value))
    });
    let key = quote!(#private::Key::from_parts(#name, ::std::vec![#(#labels),*]));
    let metadata = quote!(#krate::__metadata!(::core::module_path!(), #level));
    match plan.kind {
        Kind::Timeit => quote! {
            #private::DynamicHistogram::new(
                #key, #metadata, #krate::TimeUnit::Milliseconds, "Elapsed time"
            )
        },
        Kind::Count => quote!(#private::DynamicCounter::new(#key, #metadata)),
    }
}

fn name(plan: &Plan, private: &TokenStream) -> TokenStream {
    let Some(name) = &plan.name else {
        let function = plan.function.sig.ident.unraw().to_string();
        // A time and a count of one function are two metrics, as they have two units.
        let suffix = match plan.kind {
            Kind::Timeit => "",
            Kind::Count => ".calls",
        };
        return quote!(::core::concat!(::core::module_path!(), "::", #function, #suffix));
    };
    shared(name, private)
}

/// A label's value that the compiler knows, as text.
fn constant(value: &Expr) -> Option<TokenStream> {
    let text = parse::constant(value)?;
    Some(LitStr::new(&text, value.span()).into_token_stream())
}

/// A literal as it is; of anything else the text, without moving it: the function still needs its arguments.
fn shared(expression: &Expr, private: &TokenStream) -> TokenStream {
    if parse::text(expression).is_some() {
        return expression.to_token_stream();
    }
    quote_spanned!(located_at(expression)=> #private::text(&(#expression)))
}

/// Where the compiler points to if it does not like what we make of it.
fn located_at(written: &impl Spanned) -> Span {
    Span::mixed_site().located_at(written.span())
}

/// What is written, as our own: found where it was, and blamed on nobody.
fn respanned(tokens: TokenStream) -> TokenStream {
    let tokens = tokens.into_iter().map(|mut token| {
        // It means the crate that its span says.
        if matches!(&token, TokenTree::Ident(ident) if ident == "$crate") {
            return token;
        }
        let span = located_at(&token);
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), respanned(group.stream())).into();
        }
        token.set_span(span);
        token
    });
    tokens.collect()
}

/// A name that neither the function nor another attribute can see.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
