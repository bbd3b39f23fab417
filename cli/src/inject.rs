//! `-e inject=SET:...` and `-e fault=SET...`: checked here, so that a mistake is heard of before the program starts.

use std::fmt::Write as _;

use syscall_intercept::inject::Effect;

use crate::error::Error;
use crate::set::Set;

/// What expressions look like.
pub(crate) const HELP: &str = "\
Expressions:
  inject=SET:WHAT[:WHAT...][:when=FIRST[..LAST][+[STEP]]]
         WHAT is error=ERRNO, retval=VALUE, signal=SIGNAL, delay_enter=TIME,
         or delay_exit=TIME
  fault=SET[:error=ERRNO][:when=...]
SET is a list of names, numbers, %groups and /regexes; ! before it inverts it.";

/// What strace injects where only a fault is asked for.
const FAULT: &str = "error=ENOSYS";

/// What the library is told of expressions as strace has them (`INTERCEPT_INJECT`); `None` if there are none. Calls that are not
/// traced are left alone, as by strace.
pub(crate) fn variable(expressions: &[String], traced: &Set) -> Result<Option<String>, Error> {
    let injections: Result<Vec<String>, Error> = expressions.iter().map(|text| injection(text, traced)).collect();
    Ok(Some(injections?.join(";")).filter(|text| !text.is_empty()))
}

fn injection(expression: &str, traced: &Set) -> Result<String, Error> {
    let (kind, rest) = expression.split_once('=').unwrap_or((expression, ""));
    let (set, options) = rest.split_once(':').map_or((rest, None), |(set, options)| (set, Some(options)));
    let options = match (kind, options) {
        ("inject", Some(options)) => options.to_owned(),
        ("inject", None) => {
            return Err(Error::new(format_args!(
                "{expression}: nothing to inject; say what, as in inject={set}:error=EIO"
            )));
        }
        ("fault", options) => fault(expression, options)?,
        _ => {
            return Err(Error::new(format_args!(
                "{expression}: not an expression; use inject=SET:... or fault=SET..."
            )));
        }
    };
    Effect::parse(&options).map_err(|error| Error::new(format_args!("{expression}: {error}")))?;
    let set = Set::parse(set)?;
    Ok(format!("{}:{options}", listed(set.numbers().filter(|&number| traced.contains(number)))))
}

/// The options of a fault: it has an error, and may be said to come at times.
fn fault(expression: &str, options: Option<&str>) -> Result<String, Error> {
    let Some(options) = options else { return Ok(FAULT.to_owned()) };
    let names = || options.split(':').map(|option| option.split('=').next().unwrap_or(option));
    if let Some(name) = names().find(|name| !["error", "when"].contains(name)) {
        return Err(Error::new(format_args!("{expression}: a fault has no {name}; use inject= instead of fault=")));
    }
    Ok(if names().any(|name| name == "error") { options.to_owned() } else { format!("{FAULT}:{options}") })
}

/// A set as the library reads it: numbers, and ranges of numbers.
pub(crate) fn ranges(set: &Set) -> String {
    listed(set.numbers())
}

/// Numbers in their order, as the library reads them.
pub(crate) fn listed(numbers: impl Iterator<Item = u32>) -> String {
    let mut text = String::new();
    let mut numbers = numbers.peekable();
    while let Some(first) = numbers.next() {
        let mut last = first;
        while let Some(next) = numbers.next_if_eq(&(last + 1)) {
            last = next;
        }
        let comma = if text.is_empty() { "" } else { "," };
        let _ = if first == last { write!(text, "{comma}{first}") } else { write!(text, "{comma}{first}-{last}") };
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expressions: &[&str]) -> Result<Option<String>, String> {
        let expressions: Vec<String> = expressions.iter().map(|&text| text.to_owned()).collect();
        variable(&expressions, &Set::all()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_library_is_told_numbers() {
        assert_eq!(told(&[]), Ok(None));
        assert_eq!(
            told(&["inject=read,write,open,%lstat:error=EIO:when=2+", "fault=openat"]),
            Ok(Some("0-2,6:error=EIO:when=2+;257:error=ENOSYS".to_owned()))
        );
        assert_eq!(told(&["fault=close:when=3"]), Ok(Some("3:error=ENOSYS:when=3".to_owned())));
        assert_eq!(told(&["fault=close:error=EINTR"]), Ok(Some("3:error=EINTR".to_owned())));
        assert_eq!(told(&["inject=none:error=EIO"]), Ok(Some("none:error=EIO".to_owned())));
        assert_eq!(told(&["inject=all:delay_exit=1"]), Ok(Some("0-1022:delay_exit=1".to_owned())));
    }

    #[test]
    fn mistakes_are_one_line_with_a_remedy() {
        for (expression, parts) in [
            ("inject=opena:error=EIO", ["opena: no such system call", "is it openat?"]),
            ("inject=openat:error=EOI", ["EOI: no such error", "give a name like ENOENT"]),
            ("inject=openat", ["nothing to inject", "inject=openat:error=EIO"]),
            ("inject=openat:when=3", ["nothing to inject", "add error="]),
            ("inject=openat:error=EIO:retval=0", ["given twice", "a call has one"]),
            ("inject=openat:poke_exit=@arg1=00", ["not an option of an injection", "they are error="]),
            ("fault=openat:retval=3", ["a fault has no retval", "use inject= instead"]),
            ("fault", ["empty element", "name one"]),
            ("injct=openat:error=EIO", ["not an expression", "use inject=SET"]),
        ] {
            let error = told(&[expression]).expect_err(expression);
            assert!(parts.iter().all(|part| error.contains(part)) && !error.contains('\n'), "{expression}: {error}");
        }
    }
}
