//! Where a function's work is done: in its body, or in the future that it gives back.

use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    AngleBracketedGenericArguments, AssocType, Block, Expr, ExprAsync, GenericArgument, ItemFn,
    PathArguments, PathSegment, ReturnType, Stmt, TraitBound, Type, TypeImplTrait, TypeParamBound,
    parse_quote,
};

/// The part of a function to be measured.
pub(crate) enum Work<'a> {
    /// The body runs when the function is called.
    Sync(&'a mut Block),
    /// The body of an `async fn`.
    Async(&'a mut Block),
    /// The `async` block that a function without `async` ends with; `#[async_trait]` makes such functions.
    Future(&'a mut ExprAsync),
}

impl<'a> Work<'a> {
    pub(crate) fn of(function: &'a mut ItemFn) -> Self {
        if function.sig.asyncness.is_some() {
            return Self::Async(&mut function.block);
        }
        if ends_with_future(&mut function.block).is_none() {
            return Self::Sync(&mut function.block);
        }
        match ends_with_future(&mut function.block) {
            Some(future) => Self::Future(future),
            None => unreachable!("it has just been there"),
        }
    }
}

/// `async { .. }`, `Box::pin(async { .. })` or `async { .. }.boxed()` at the end of a block, with `move` or without.
fn ends_with_future(block: &mut Block) -> Option<&mut ExprAsync> {
    match block.stmts.last_mut() {
        Some(Stmt::Expr(last, None)) => async_block(last),
        _ => None,
    }
}

fn async_block(expression: &mut Expr) -> Option<&mut ExprAsync> {
    match expression {
        Expr::Async(future) => Some(future),
        // Another attribute may have put the body into one.
        Expr::Block(inner) => ends_with_future(&mut inner.block),
        Expr::Call(call) if is_box_pin(&call.func) => async_block(call.args.first_mut()?),
        Expr::MethodCall(call) if call.method == "boxed" || call.method == "boxed_local" => {
            async_block(&mut call.receiver)
        }
        _ => None,
    }
}

fn is_box_pin(function: &Expr) -> bool {
    let Expr::Path(path) = function else {
        return false;
    };
    let mut segments = path.path.segments.iter().rev();
    segments.next().is_some_and(|last| last.ident == "pin")
        && segments.next().is_some_and(|owner| owner.ident == "Box")
}

/// The type that a function, or the future it gives back, ends with, as it may be written in the body; nothing
/// if it is not written out.
pub(crate) fn result_type(function: &ItemFn) -> Option<Type> {
    let is_async = function.sig.asyncness.is_some();
    let ReturnType::Type(_, written) = &function.sig.output else {
        return Some(parse_quote!(()));
    };
    let mut result = Type::clone(written);
    if !is_async && !matches!(Work::of(&mut function.clone()), Work::Sync(_)) {
        let mut output = FutureOutput(None);
        output.visit_type(written);
        result = output.0?;
    }
    NoImpl.visit_type_mut(&mut result);
    Some(result)
}

/// Finds `Output = T`, or the `T` of a `BoxFuture<'_, T>`.
struct FutureOutput(Option<Type>);

impl Visit<'_> for FutureOutput {
    fn visit_assoc_type(&mut self, assigned: &AssocType) {
        if assigned.ident == "Output" && self.0.is_none() {
            self.0 = Some(assigned.ty.clone());
        }
        visit::visit_assoc_type(self, assigned);
    }

    fn visit_path_segment(&mut self, segment: &PathSegment) {
        let is_alias = segment.ident == "BoxFuture" || segment.ident == "LocalBoxFuture";
        if let (true, PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. })) =
            (is_alias && self.0.is_none(), &segment.arguments)
            && let Some(GenericArgument::Type(output)) = args.last()
        {
            self.0 = Some(output.clone());
        }
        visit::visit_path_segment(self, segment);
    }
}

/// `impl Trait` cannot be written in a body; the compiler infers it.
struct NoImpl;

impl VisitMut for NoImpl {
    fn visit_type_mut(&mut self, part: &mut Type) {
        if matches!(part, Type::ImplTrait(_)) {
            *part = parse_quote!(_);
        } else {
            visit_mut::visit_type_mut(self, part);
        }
    }
}

/// The `impl Fn(..)` in what a function gives back. The compiler knows what a closure takes only where it is given
/// back by the function itself, not through anything that looks at it.
pub(crate) fn opaque_closure(function: &ItemFn) -> Option<TraitBound> {
    let mut found = OpaqueClosure(None);
    found.visit_return_type(&function.sig.output);
    found.0
}

struct OpaqueClosure(Option<TraitBound>);

impl Visit<'_> for OpaqueClosure {
    fn visit_type_impl_trait(&mut self, opaque: &TypeImplTrait) {
        let bounds = opaque.bounds.iter().filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(bound),
            _ => None,
        });
        let mut closures = bounds.filter(|bound| {
            let last = bound.path.segments.last();
            last.is_some_and(|last| matches!(last.arguments, PathArguments::Parenthesized(_)))
        });
        if let Some(bound) = closures.next() {
            self.0.get_or_insert_with(|| bound.clone());
        }
        visit::visit_type_impl_trait(self, opaque);
    }
}
