//! Which processor the figures are of: those of another one differ.

use std::{env, fs, thread};

/// Such as `AMD EPYC of family 26, 2 processors`.
pub(crate) fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = name(&cpuinfo).unwrap_or_else(|| env::consts::ARCH.to_owned());
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let plural = if processors == 1 { "" } else { "s" };
    format!("{name}, {processors} processor{plural}")
}

/// Of the first processor. Virtual machines often hide the model, but not the family.
fn name(cpuinfo: &str) -> Option<String> {
    let value = |wanted| {
        let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let field = fields.find(|(field, _)| field.trim() == wanted);
        field.map(|(_, value)| value.trim())
    };
    let model = value("model name")?;
    Some(match value("cpu family") {
        Some(family) => format!("{model} of family {family}"),
        None => model.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn the_name_is_that_of_the_first_processor() {
        let cpuinfo = "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n\n\
                       processor\t: 1\ncpu family\t: 25\nmodel name\t: another\n";
        assert_eq!(name(cpuinfo).as_deref(), Some("AMD EPYC of family 26"));
        assert_eq!(
            name("model name : Some CPU: fast"),
            Some("Some CPU: fast".to_owned())
        );
        assert_eq!(name("processor\t: 0\nBogoMIPS\t: 50.00\n"), None);
    }
}
