//! Formulas over series: letters by position, + - * / ( ), unary minus, numbers.

#[derive(Clone, Debug)]
pub(super) enum Formula {
    Series(usize),
    Number(f64),
    Minus(Box<Formula>),
    Pair(Box<Formula>, char, Box<Formula>),
}

impl Formula {
    pub(super) fn read(text: &str, series: usize) -> Result<Formula, String> {
        let signs: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
        let mut parser = Parser { signs, at: 0, series };
        let formula = parser.sum()?;
        match parser.peek() {
            None => Ok(formula),
            Some(sign) => Err(format!("{sign:?} is not expected there in the formula {text:?}")),
        }
    }

    /// null in, null out; anything divided by 0 and anything beyond doubles is null.
    pub(super) fn value(&self, inputs: &[Option<f64>]) -> Option<f64> {
        let value = match self {
            Formula::Series(index) => inputs[*index]?,
            Formula::Number(number) => *number,
            Formula::Minus(inner) => -inner.value(inputs)?,
            Formula::Pair(a, sign, b) => {
                let (a, b) = (a.value(inputs)?, b.value(inputs)?);
                match sign {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ if b == 0.0 => return None,
                    _ => a / b,
                }
            }
        };
        value.is_finite().then_some(value)
    }
}

struct Parser {
    signs: Vec<char>,
    at: usize,
    series: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.signs.get(self.at).copied()
    }

    fn take(&mut self, wanted: &[char]) -> Option<char> {
        let sign = self.peek().filter(|sign| wanted.contains(sign))?;
        self.at += 1;
        Some(sign)
    }

    fn sum(&mut self) -> Result<Formula, String> {
        let mut left = self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            left = Formula::Pair(Box::new(left), sign, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Formula, String> {
        let mut left = self.factor()?;
        while let Some(sign) = self.take(&['*', '/']) {
            left = Formula::Pair(Box::new(left), sign, Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Formula, String> {
        if self.take(&['-']).is_some() {
            return Ok(Formula::Minus(Box::new(self.factor()?)));
        }
        if self.take(&['(']).is_some() {
            let inner = self.sum()?;
            self.take(&[')']).ok_or("a bracket of the formula is not closed")?;
            return Ok(inner);
        }
        match self.peek() {
            Some(letter) if letter.is_ascii_uppercase() => self.letter(letter),
            Some(digit) if digit.is_ascii_digit() => self.number(),
            Some(sign) => Err(format!("{sign:?} is not expected there in the formula")),
            None => Err("the formula ends too early".into()),
        }
    }

    fn letter(&mut self, letter: char) -> Result<Formula, String> {
        self.at += 1;
        let index = letter as usize - 'A' as usize;
        if index < self.series { Ok(Formula::Series(index)) } else { Err(format!("there is no series {letter}")) }
    }

    fn number(&mut self) -> Result<Formula, String> {
        let rest = self.signs[self.at..].iter();
        let digits: String = rest.take_while(|sign| sign.is_ascii_digit() || **sign == '.').collect();
        self.at += digits.len();
        digits.parse().map(Formula::Number).map_err(|_| format!("{digits:?} is no number"))
    }
}
