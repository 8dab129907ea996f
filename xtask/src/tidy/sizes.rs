//! Sizes: a file over 500 lines without its tests (600 with them), a function over 70, a line over
//! 100.

use syn::spanned::Spanned;
use syn::visit::Visit;

use super::Source;

const FILE_LINES_MAX: usize = 500;
const FILE_LINES_WITH_TESTS_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_CHARS_MAX: usize = 100;

pub(super) fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let path = source.path.display();
    let lines = source.text.lines().count();
    let own = own_lines(&source.text);
    if own > FILE_LINES_MAX || lines > FILE_LINES_WITH_TESTS_MAX {
        faults.push(format!("{path}: {own} lines ({lines} with tests); a noun is hiding in there"));
    }
    for (number, line) in source.text.lines().enumerate() {
        if line.chars().count() > LINE_CHARS_MAX && !unbreakable(line) {
            faults.push(format!("{path}:{}: line over {LINE_CHARS_MAX}", number + 1));
        }
    }
    if !source.is_test() {
        faults.extend(long_functions(source));
    }
    faults
}

/// Lines before the file's own test module.
fn own_lines(text: &str) -> usize {
    text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
}

/// A literal or an address cannot be broken without making it worse.
fn unbreakable(line: &str) -> bool {
    line.contains("https://") || line.trim_start().starts_with('"') || line.contains("r#\"")
}

fn long_functions(source: &Source) -> Vec<String> {
    let Ok(file) = syn::parse_file(&source.text) else {
        return vec![format!("{}: does not parse as Rust", source.path.display())];
    };
    let mut finder = Finder { path: source.path.display().to_string(), faults: Vec::new() };
    finder.visit_file(&file);
    finder.faults
}

struct Finder {
    path: String,
    faults: Vec<String>,
}

impl Finder {
    fn measure(&mut self, name: &syn::Ident, block: &syn::Block) {
        let lines = block.span().end().line.saturating_sub(block.span().start().line) + 1;
        if lines > FUNCTION_LINES_MAX {
            self.faults.push(format!("{}: function {name} has {lines} lines", self.path));
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let test = module.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
        });
        if !test {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::source;

    #[test]
    fn a_long_function_is_found_and_a_long_test_is_not() {
        let body = "let a = 1;\n".repeat(80);
        let long = format!("fn f() {{\n{body}}}\n");
        assert_eq!(faults(&source("a.rs", &long)).len(), 1);
        let test = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(faults(&source("a.rs", &test)).is_empty());
    }

    #[test]
    fn a_long_file_and_a_long_line_are_found() {
        assert_eq!(faults(&source("a.rs", &"const A: u8 = 1;\n".repeat(501))).len(), 1);
        let line = format!("// {}\n", "x".repeat(120));
        assert_eq!(faults(&source("a.rs", &line)).len(), 1);
    }
}
