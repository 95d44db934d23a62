//! What the compiler says of each wrong use; and that it says nothing else, as the function is there.

#[test]
fn wrong_uses() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
