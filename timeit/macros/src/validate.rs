//! Whether what is written makes sense; all that is wrong is told at once.

use crate::body::{self, Work};
use crate::parse::{self, Arguments, Kind};
use quote::ToTokens;
use syn::{Error, Expr, Ident, ItemFn, Meta, Path, Result, parse_quote};

/// What is to be done, without contradictions.
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) function: ItemFn,
    pub(crate) name: Option<Expr>,
    pub(crate) labels: Vec<(Expr, Expr)>,
    pub(crate) by: Option<Expr>,
    pub(crate) rule: Rule,
    pub(crate) krate: Path,
}

/// What is reported, and when.
pub(crate) enum Rule {
    Always,
    /// Always, with a label that says how it went.
    Outcome(Ident),
    /// Always, with a label that is what this closure makes of the result.
    OutcomeBy(Expr),
    OnSuccess,
    IfErr(Ident),
}

pub(crate) fn plan(kind: Kind, function: ItemFn, arguments: Arguments) -> Result<Plan> {
    let mut wrong = Wrong(None);
    if let Some(keyword) = &function.sig.constness {
        wrong.note(Error::new_spanned(
            keyword,
            format!(
                "`{}` needs a clock and a recorder, which a `const fn` cannot have: remove `const`, or measure where it is called",
                kind.attribute()
            ),
        ));
    }
    check_name(kind, arguments.name.as_ref(), &mut wrong);
    check_labels(&arguments, &mut wrong);
    check_options(kind, &arguments, &mut wrong);
    check_closure(&function, arguments.flags.first(), &mut wrong);
    check_other_names(kind, &function, arguments.name.as_ref(), &mut wrong);
    let rule = rule(&arguments.flags, arguments.outcome, &mut wrong);
    if let Some(error) = wrong.0 {
        return Err(error);
    }
    Ok(Plan {
        kind,
        function,
        name: arguments.name,
        labels: arguments.labels,
        by: arguments.by.into_iter().next().map(|(_, by)| by),
        rule,
        krate: arguments
            .krate
            .into_iter()
            .next()
            // Whatever has that name where the function is: the dependency, or what is imported from who has it.
            .map_or_else(|| parse_quote!(metrics_timeit), |(_, path)| path),
    })
}

/// All errors so far.
struct Wrong(Option<Error>);

impl Wrong {
    fn note(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }
}

fn check_name(kind: Kind, name: Option<&Expr>, wrong: &mut Wrong) {
    let Some(name) = name else { return };
    match (parse::literal(name), parse::text(name)) {
        (Some(_), None) => wrong.note(Error::new_spanned(
            name,
            format!("the metric's name is a string: `{}`", kind.example()),
        )),
        (_, Some(text)) if text.trim().is_empty() => wrong.note(Error::new_spanned(
            name,
            format!(
                "the metric's name is empty: leave it out to use the function's path, or write `{}`",
                kind.example()
            ),
        )),
        _ => {}
    }
}

fn check_labels(arguments: &Arguments, wrong: &mut Wrong) {
    let mut keys = Vec::new();
    for (key, _) in &arguments.labels {
        let Some(text) = parse::text(key) else {
            if parse::literal(key).is_some() {
                wrong.note(Error::new_spanned(
                    key,
                    "a label's key is a string: `\"method\" => \"GET\"`",
                ));
            }
            continue;
        };
        if keys.contains(&text) {
            wrong.note(Error::new_spanned(
                key,
                format!("the label `{text}` is there twice: remove one"),
            ));
        }
        if text == "outcome" && arguments.flags.iter().any(|flag| flag == "outcome") {
            wrong.note(Error::new_spanned(
                key,
                "the option `outcome` sets this label: remove one of them",
            ));
        }
        keys.push(text);
    }
}

fn check_options(kind: Kind, arguments: &Arguments, wrong: &mut Wrong) {
    if let (Kind::Timeit, Some((by, _))) = (kind, arguments.by.first()) {
        wrong.note(Error::new(
            by.span(),
            "a time has no amount: remove `by`, or write `#[count(.., by = 5)]`",
        ));
    }
    let again = arguments.by.iter().map(|(option, _)| option).skip(1);
    let again = again.chain(arguments.krate.iter().map(|(option, _)| option).skip(1));
    for option in again {
        wrong.note(Error::new(
            option.span(),
            format!("`{option}` is there twice: remove one"),
        ));
    }
}

/// To see what comes of a function, its body is run in a closure: two things do not go through.
fn check_closure(function: &ItemFn, flag: Option<&Ident>, wrong: &mut Wrong) {
    let Some(flag) = flag else { return };
    if let Some(bound) = body::opaque_closure(function) {
        let name = bound
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string());
        let name = name.unwrap_or_default();
        wrong.note(Error::new_spanned(
            bound,
            format!(
                "`{flag}` cannot look at an `impl {name}(..)`: return a `Box<dyn {name}(..)>`, or remove `{flag}`"
            ),
        ));
    }
    let caller = function
        .attrs
        .iter()
        .find(|other| other.path().is_ident("track_caller"));
    if let Some(caller) = caller
        && matches!(Work::of(&mut function.clone()), Work::Sync(_))
    {
        wrong.note(Error::new_spanned(
            caller,
            format!(
                "`{flag}` runs the body in a closure, which does not see the caller: remove one of them, or use the macro `timeit!` in the body"
            ),
        ));
    }
}

/// A time and a count have different units, and a metric has one. Attributes above this one have seen this one.
fn check_other_names(kind: Kind, function: &ItemFn, name: Option<&Expr>, wrong: &mut Wrong) {
    let Some(name) = name else { return };
    for attribute in &function.attrs {
        let Meta::List(below) = &attribute.meta else {
            continue;
        };
        let Some(other) = Kind::of(&below.path).filter(|&other| other != kind) else {
            continue;
        };
        // What is wrong with its arguments it says itself.
        let arguments = parse::arguments(other, below.tokens.clone());
        let Some(theirs) = arguments.ok().and_then(|arguments| arguments.name) else {
            continue;
        };
        if are_equal(name, &theirs) {
            let example = parse::text(&theirs).map_or_else(String::new, |text| {
                format!(", for example the count `{text}.calls`")
            });
            wrong.note(Error::new_spanned(
                theirs,
                format!(
                    "a `#[timeit]` and a `#[count]` of one function have this name, but a metric has one unit: rename one{example}"
                ),
            ));
        }
    }
}

/// Whether two names are written alike, which is all that an attribute can see.
fn are_equal(one: &Expr, other: &Expr) -> bool {
    match (parse::text(one), parse::text(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.to_token_stream().to_string() == other.to_token_stream().to_string(),
        _ => false,
    }
}

fn rule(flags: &[Ident], outcome: Option<Expr>, wrong: &mut Wrong) -> Rule {
    let Some(first) = flags.first().cloned() else {
        return Rule::Always;
    };
    for flag in &flags[1..] {
        wrong.note(Error::new(
            flag.span(),
            if *flag == first {
                format!("`{flag}` is there twice: remove one")
            } else {
                format!(
                    "`{first}` and `{flag}` say different things about when to report: remove one, or write a second attribute"
                )
            },
        ));
    }
    if let Some(closure) = outcome {
        Rule::OutcomeBy(closure)
    } else if first == "outcome" {
        Rule::Outcome(first)
    } else if first == "on_success" {
        Rule::OnSuccess
    } else {
        Rule::IfErr(first)
    }
}
