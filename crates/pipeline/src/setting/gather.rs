//! All that is wrong with a group of settings, said at once: who sets a program up corrects a list, and not one line a start.

/// Reads settings one after the other and goes on behind those that are wrong; then each name is the value that was read, or
/// all faults are returned. What is read later may look at what was read before, which is still a result there.
#[macro_export]
macro_rules! settings {
    ($($name:ident = $read:expr;)+) => {
        $(let $name: ::std::result::Result<_, $crate::setting::ConfigError> = $read;)+
        let ($($name,)+) = match ($($name,)+) {
            ($(Ok($name),)+) => ($($name,)+),
            ($($name,)+) => {
                let faults = [$($name.err()),+];
                return Err($crate::setting::ConfigError::all(faults.into_iter().flatten()).into());
            }
        };
    };
}

#[cfg(test)]
mod tests {
    use crate::setting::ConfigError;

    fn number(name: &str, text: &str) -> Result<u8, ConfigError> {
        text.parse()
            .map_err(|_| ConfigError::new(name, "is no number", "write one"))
    }

    fn sum(a: &str, b: &str, c: &str) -> Result<u8, ConfigError> {
        settings! {
            a = number("A", a);
            b = number("B", b);
            both = match (&a, &b) {
                (Ok(a), Ok(b)) => Ok(a + b),
                (Err(fault), _) | (_, Err(fault)) => Err(fault.clone()),
            };
            c = number("C", c);
        }
        Ok(both + c + a - a + b - b)
    }

    #[test]
    fn every_fault_is_said_and_none_twice() {
        assert_eq!(sum("1", "2", "3"), Ok(6));
        let told = sum("x", "2", "y").unwrap_err().to_string();
        assert_eq!(told, "A: is no number; write one\nC: is no number; write one");
        assert_eq!(
            sum("1", "x", "3").unwrap_err().to_string(),
            "B: is no number; write one"
        );
    }
}
