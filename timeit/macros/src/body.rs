//! Where a function's work is done: in its body, or in the future that it gives back.

use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{AssocType, Block, Expr, ExprAsync, ItemFn, ReturnType, Stmt, Type, parse_quote};

/// The part of a function to be measured.
pub(crate) enum Work<'a> {
    /// The body runs when the function is called.
    Sync(&'a mut Block),
    /// The body of an `async fn`.
    Async(&'a mut Block),
    /// The `async move` block that a function without `async` ends with; `#[async_trait]` makes such functions.
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

/// `async move { .. }` or `Box::pin(async move { .. })` at the end of a block.
fn ends_with_future(block: &mut Block) -> Option<&mut ExprAsync> {
    let Some(Stmt::Expr(last, None)) = block.stmts.last_mut() else {
        return None;
    };
    let last = if is_box_pin(last) {
        let Expr::Call(call) = last else {
            return None;
        };
        call.args.first_mut()?
    } else {
        last
    };
    match last {
        Expr::Async(future) if future.capture.is_some() => Some(future),
        _ => None,
    }
}

fn is_box_pin(expression: &Expr) -> bool {
    let Expr::Call(call) = expression else {
        return false;
    };
    let Expr::Path(path) = &*call.func else {
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

/// Finds `Output = T`.
struct FutureOutput(Option<Type>);

impl Visit<'_> for FutureOutput {
    fn visit_assoc_type(&mut self, assigned: &AssocType) {
        if assigned.ident == "Output" && self.0.is_none() {
            self.0 = Some(assigned.ty.clone());
        }
        visit::visit_assoc_type(self, assigned);
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
