//! Formulas over the series of a trends report: `A / B`, `(A - B) / A * 100`.

use super::DocumentError;
use super::node::Node;
use super::reader::At;

/// An arithmetic expression over series, named by capital letters in document order.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: String,
    expression: Expression,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Number(f64),
    /// The series at this position of the document.
    Series(usize),
    Negation(Box<Expression>),
    Operation(Box<Expression>, Operator, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The longest formula, in bytes; it bounds the depth of the expression too.
const FORMULA_BYTES_MAX: usize = 1000;

impl Formula {
    /// Reads a formula over so many series; the sentence says why it is refused.
    pub(super) fn parse(text: &str, series_count: usize) -> Result<Self, String> {
        if text.len() > FORMULA_BYTES_MAX {
            return Err(format!("has {} bytes; a formula has at most {FORMULA_BYTES_MAX}", text.len()));
        }
        let mut parser = Parser { chars: text.chars().collect(), position: 0, series_count };
        let expression = parser.sum()?;
        if parser.peek().is_some() {
            return Err(parser.unexpected("an operator"));
        }
        let formula = Self { text: text.to_owned(), expression };
        match formula.series().is_empty() {
            true => Err(format!("`{text}` names no series; name them by their letters, as in `A / B`")),
            false => Ok(formula),
        }
    }

    /// A formula for a builder: it is read when the document is built.
    pub(super) fn kept(text: impl Into<String>) -> Self {
        Self { text: text.into(), expression: Expression::Number(0.0) }
    }

    /// The formula as written, which is also its label.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The positions of the series it names, ascending, each once.
    pub fn series(&self) -> Vec<usize> {
        fn collect(expression: &Expression, found: &mut Vec<usize>) {
            match expression {
                Expression::Number(_) => {}
                Expression::Series(index) => found.push(*index),
                Expression::Negation(inner) => collect(inner, found),
                Expression::Operation(left, _, right) => {
                    collect(left, found);
                    collect(right, found);
                }
            }
        }
        let mut found = Vec::new();
        collect(&self.expression, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Its value over one value per series, by position in the document. `None` (null) when a series it names is
    /// null, where it divides by 0, and beyond doubles.
    pub fn evaluate(&self, values: &[Option<f64>]) -> Option<f64> {
        self.expression.evaluate(values)
    }

    pub(super) fn read(at: &At<'_>, series_count: usize) -> Result<Self, DocumentError> {
        let text = at.text("a formula such as \"A / B\"")?;
        Self::parse(text, series_count).map_err(|sentence| at.rule(sentence))
    }
}

impl Expression {
    fn evaluate(&self, values: &[Option<f64>]) -> Option<f64> {
        let result = match self {
            Self::Number(number) => *number,
            Self::Series(index) => (*values.get(*index)?)?,
            Self::Negation(inner) => -inner.evaluate(values)?,
            Self::Operation(left, operator, right) => {
                // Both sides are looked at, so that null in is null out.
                let (left, right) = (left.evaluate(values)?, right.evaluate(values)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                }
            }
        };
        // Division by 0 is infinite or no number.
        result.is_finite().then_some(result)
    }
}

impl std::fmt::Display for Formula {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&Formula> for Node {
    fn from(formula: &Formula) -> Self {
        Self::String(formula.text.clone())
    }
}

/// Recursive descent: sums of products of signed atoms.
struct Parser {
    chars: Vec<char>,
    position: usize,
    series_count: usize,
}

impl Parser {
    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.position).is_some_and(|c| c.is_whitespace()) {
            self.position += 1;
        }
        self.chars.get(self.position).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.position += usize::from(found);
        found
    }

    fn unexpected(&mut self, expected: &str) -> String {
        match self.peek() {
            Some(found) => format!("unexpected `{found}` at character {}; {expected} was expected", self.position + 1),
            None => format!("the formula ends where {expected} was expected"),
        }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Ok(left),
            };
            self.position += 1;
            left = Expression::Operation(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.signed()?;
        loop {
            let operator = match self.peek() {
                Some('*') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Ok(left),
            };
            self.position += 1;
            left = Expression::Operation(Box::new(left), operator, Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Expression, String> {
        if self.take('-') { Ok(Expression::Negation(Box::new(self.signed()?))) } else { self.atom() }
    }

    fn atom(&mut self) -> Result<Expression, String> {
        match self.peek() {
            Some('(') => {
                self.position += 1;
                let inner = self.sum()?;
                if self.take(')') { Ok(inner) } else { Err(self.unexpected("`)`")) }
            }
            Some(letter @ 'A'..='Z') => {
                let index = letter as usize - 'A' as usize;
                if index >= self.series_count {
                    return Err(match self.series_count {
                        1 => format!("`{letter}` names no series; there is only one, `A`"),
                        count => format!(
                            "`{letter}` names no series; there are {count}, `A` to `{}`",
                            char::from(b'A' + count.min(26) as u8 - 1)
                        ),
                    });
                }
                self.position += 1;
                Ok(Expression::Series(index))
            }
            Some(letter @ 'a'..='z') => {
                Err(format!("`{letter}` names no series; series are named by capital letters, as in `A / B`"))
            }
            Some('0'..='9' | '.') => self.number(),
            _ => Err(self.unexpected("a series, a number or `(`")),
        }
    }

    fn number(&mut self) -> Result<Expression, String> {
        let start = self.position;
        while self.chars.get(self.position).is_some_and(|c| c.is_ascii_digit() || *c == '.') {
            self.position += 1;
        }
        let text: String = self.chars[start..self.position].iter().collect();
        match text.parse() {
            Ok(number) if text != "." => Ok(Expression::Number(number)),
            _ => Err(format!("`{text}` at character {} is no number", start + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, values: &[Option<f64>], expected: Option<f64>) {
        assert_eq!(Formula::parse(text, values.len()).unwrap().evaluate(values), expected, "{text}");
    }

    #[test]
    fn operators_bind_as_usual() {
        let values = [Some(6.0), Some(4.0), Some(2.0)];
        check("A", &values, Some(6.0));
        check("A - B - C", &values, Some(0.0));
        check("A + B * C", &values, Some(14.0));
        check("(A+B)*C", &values, Some(20.0));
        check("A / B / C", &values, Some(0.75));
        check("-A * -(B - 2.5) + .5", &values, Some(9.5));
        check("A--B", &values, Some(10.0));
        check("100 * (A - B) / A", &values, Some(100.0 * 2.0 / 6.0));
    }

    #[test]
    fn null_in_is_null_out_and_so_is_division_by_nought() {
        check("A + B", &[Some(1.0), None], None);
        check("A * 0", &[None], None);
        check("A / B", &[Some(1.0), Some(0.0)], None);
        check("0 / A", &[Some(0.0)], None);
        check("A * A", &[Some(1e200)], None);
        check("1 / (A * A)", &[Some(1e200)], None);
        check("A", &[None, Some(1.0)], None);
        check("A", &[Some(1.0), None], Some(1.0));
    }

    #[test]
    fn the_series_named() {
        assert_eq!(Formula::parse("C / A + C", 3).unwrap().series(), [0, 2]);
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(Formula::parse(text, 2).unwrap_err(), expected);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        refused("", "the formula ends where a series, a number or `(` was expected");
        refused("A /", "the formula ends where a series, a number or `(` was expected");
        refused("A B", "unexpected `B` at character 3; an operator was expected");
        refused("(A", "the formula ends where `)` was expected");
        refused("A + é", "unexpected `é` at character 5; a series, a number or `(` was expected");
        refused("A / C", "`C` names no series; there are 2, `A` to `B`");
        refused("a / b", "`a` names no series; series are named by capital letters, as in `A / B`");
        refused("A * 1.2.3", "`1.2.3` at character 5 is no number");
        refused("1 + 1", "`1 + 1` names no series; name them by their letters, as in `A / B`");
        refused(&"A+".repeat(501), "has 1002 bytes; a formula has at most 1000");
        assert!(Formula::parse(&format!("{}A{}", "(".repeat(499), ")".repeat(499)), 1).is_ok());
        assert!(Formula::parse(&format!("{}A", "-".repeat(999)), 1).is_ok());
        assert_eq!(Formula::parse("B", 1).unwrap_err(), "`B` names no series; there is only one, `A`");
    }
}
