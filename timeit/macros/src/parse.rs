//! What is written: the attribute's arguments, and the function below it.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, Ident, ItemFn, Lit, Path, Result, Token, TraitItemFn};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Timeit,
    Count,
}

impl Kind {
    /// By the name of an attribute, whatever module it is in.
    pub(crate) fn of(attribute: &Path) -> Option<Self> {
        let last = &attribute.segments.last()?.ident;
        if last == "timeit" {
            Some(Self::Timeit)
        } else if last == "count" {
            Some(Self::Count)
        } else {
            None
        }
    }

    /// How it is written.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Timeit => "#[timeit]",
            Self::Count => "#[count]",
        }
    }

    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Timeit => r#"#[timeit("api", "method" => "GET")]"#,
            Self::Count => r#"#[count("requests", "method" => "GET")]"#,
        }
    }

    fn options(self) -> &'static str {
        match self {
            Self::Timeit => {
                "`outcome`, `outcome = |result| ..`, `on_success`, `if_err`, `crate = path`"
            }
            Self::Count => {
                "`by = number`, `outcome`, `outcome = |result| ..`, `on_success`, `if_err`, `crate = path`"
            }
        }
    }
}

/// The arguments in the order of their kinds, each as often as it was written.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<Expr>,
    pub(crate) labels: Vec<(Expr, Expr)>,
    pub(crate) by: Vec<(Ident, Expr)>,
    pub(crate) krate: Vec<(Ident, Path)>,
    /// `outcome`, `on_success`, `if_err`.
    pub(crate) flags: Vec<Ident>,
    /// Of `outcome = |result| ..`, which is among the flags, too.
    pub(crate) outcome: Option<Expr>,
}

pub(crate) const FLAGS: [&str; 3] = ["outcome", "on_success", "if_err"];

pub(crate) fn arguments(kind: Kind, tokens: TokenStream) -> Result<Arguments> {
    let parse = |input: ParseStream<'_>| {
        let mut arguments = Arguments::default();
        while !input.is_empty() {
            argument(kind, input, &mut arguments)?;
            if input.is_empty() {
                break;
            }
            if !input.peek(Token![,]) {
                return Err(
                    input.error(format!("expected a comma here, as in `{}`", kind.example()))
                );
            }
            input.parse::<Token![,]>()?;
        }
        Ok(arguments)
    };
    parse.parse2(tokens)
}

fn argument(kind: Kind, input: ParseStream<'_>, arguments: &mut Arguments) -> Result<()> {
    if input.peek(Ident::peek_any) && input.peek2(Token![=]) && !is_operator(input) {
        return assignment(kind, input, arguments);
    }
    if input.peek(Ident) && (input.peek2(Token![,]) || is_last(input)) {
        let ident = input.fork().parse::<Ident>()?;
        if FLAGS.iter().any(|flag| ident == flag) {
            arguments.flags.push(input.parse()?);
            return Ok(());
        }
    }
    let is_first = arguments.name.is_none() && arguments.labels.is_empty();
    let start = input.span();
    let expression: Expr = input.parse().map_err(|_| {
        Error::new(
            start,
            format!(
                "expected a name, a label or an option: `{}`",
                kind.example()
            ),
        )
    })?;
    if input.peek(Token![=>]) {
        let arrow = input.parse::<Token![=>]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            let hint = "the label has no value: write `\"key\" => value`";
            return Err(Error::new_spanned(arrow, hint));
        }
        let value = input.parse()?;
        arguments.labels.push((expression, value));
    } else if is_first && arguments.flags.is_empty() {
        arguments.name = Some(expression);
    } else {
        return Err(stray(kind, arguments, &expression));
    }
    Ok(())
}

/// `by = 5`, `crate = path`, `outcome = |result| ..`.
fn assignment(kind: Kind, input: ParseStream<'_>, arguments: &mut Arguments) -> Result<()> {
    let option = input.call(Ident::parse_any)?;
    input.parse::<Token![=]>()?;
    let is_missing = input.is_empty() || input.peek(Token![,]);
    if option == "by" {
        if is_missing {
            let hint = "`by` has no amount: write `by = 5`, or anything else that is a `u64`";
            return Err(Error::new(option.span(), hint));
        }
        arguments.by.push((option, input.parse()?));
    } else if option == "crate" {
        let span = if is_missing {
            option.span()
        } else {
            input.span()
        };
        let path = input.call(Path::parse_mod_style).map_err(|_| {
            let hint = "`crate` is a path, without quotes: write `crate = shop::metrics_timeit`";
            Error::new(span, hint)
        })?;
        arguments.krate.push((option, path));
    } else if option == "outcome" {
        if is_missing || input.peek(Lit) {
            let hint = "`outcome` has no value but a closure: write `outcome` alone, or `outcome = |result| ..`";
            return Err(Error::new(option.span(), hint));
        }
        arguments.flags.push(option);
        arguments.outcome = Some(input.parse()?);
    } else {
        let hint = if FLAGS.iter().any(|flag| option == flag) {
            format!("`{option}` has no value: write `{option}` alone")
        } else {
            format!(
                "unknown option `{option}`: there are {}; a label is written `\"{option}\" => value`",
                kind.options()
            )
        };
        return Err(Error::new(option.span(), hint));
    }
    Ok(())
}

/// Why an expression without `=>` cannot stand here.
fn stray(kind: Kind, arguments: &Arguments, expression: &Expr) -> Error {
    let hint = match expression {
        Expr::Path(path) if path.path.get_ident().is_some() => format!(
            "unknown option: there are {}; a label is written `key => value`",
            kind.options()
        ),
        _ if arguments.name.is_none() => {
            format!("the name comes first: `{}`", kind.example())
        }
        _ => "a label is written `key => value`, as in `\"method\" => \"GET\"`".to_owned(),
    };
    Error::new_spanned(expression, hint)
}

/// `=>` and `==` begin with `=` too.
fn is_operator(input: ParseStream<'_>) -> bool {
    input.peek2(Token![=>]) || input.peek2(Token![==])
}

fn is_last(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    ahead.parse::<Ident>().is_ok() && ahead.is_empty()
}

/// The function, or why there is none.
pub(crate) fn function(kind: Kind, item: TokenStream) -> Result<ItemFn> {
    let attribute = kind.attribute();
    if let Ok(function) = syn::parse2::<ItemFn>(item.clone()) {
        return Ok(function);
    }
    if let Ok(method) = syn::parse2::<TraitItemFn>(item.clone()) {
        return Err(Error::new_spanned(
            &method.sig,
            format!(
                "there is no body to run: write `{attribute}` on the method in the trait's `impl`"
            ),
        ));
    }
    Err(Error::new_spanned(
        item,
        format!("`{attribute}` goes on a function or a method: write it directly above a `fn`"),
    ))
}

/// The text of a string literal; nothing for any other expression.
pub(crate) fn text(expression: &Expr) -> Option<String> {
    match literal(expression) {
        Some(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

/// The text of a label's value, if it is a literal whose text is known.
pub(crate) fn constant(value: &Expr) -> Option<String> {
    match literal(value)? {
        Lit::Str(text) => Some(text.value()),
        Lit::Int(number) => Some(number.base10_digits().to_owned()),
        Lit::Bool(truth) => Some(truth.value.to_string()),
        Lit::Char(character) => Some(character.value().to_string()),
        _ => None,
    }
}

pub(crate) fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        // What comes through a `macro_rules!` may be in invisible brackets.
        Expr::Group(group) => self::literal(&group.expr),
        _ => None,
    }
}
