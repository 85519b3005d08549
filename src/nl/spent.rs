//! What the calls for one question have cost.

use std::fmt;
use std::ops::AddAssign;

/// Tokens by the provider's own count, and their price where `[llm.NAME]` tells prices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// In the currency of the prices; `None` when there are none.
    pub cost: Option<f64>,
}

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prices {
    /// Of a prompt.
    pub(super) prompt: f64,
    /// Of an answer.
    pub(super) completion: f64,
}

impl Spent {
    /// So many tokens at these prices.
    pub(super) fn at(prompt_tokens: u64, completion_tokens: u64, prices: Option<Prices>) -> Self {
        let cost = prices.map(|prices| {
            let total =
                prompt_tokens as f64 * prices.prompt + completion_tokens as f64 * prices.completion;
            total / 1_000_000.0
        });
        Self {
            prompt_tokens,
            completion_tokens,
            cost,
        }
    }

    /// No provider has counted anything.
    pub fn is_nothing(&self) -> bool {
        self.prompt_tokens == 0 && self.completion_tokens == 0
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cost = match (self.cost, other.cost) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
    }
}

/// As the NOTICE of an answer tells it.
impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            prompt_tokens,
            completion_tokens,
            cost,
        } = self;
        write!(f, "{prompt_tokens} + {completion_tokens} tokens")?;
        cost.map_or(Ok(()), |cost| write!(f, ", cost {cost:.6}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Prices;
    use super::Spent;

    #[test]
    fn calls_add_up() {
        let prices = Some(Prices {
            prompt: 2.5,
            completion: 10.0,
        });
        let mut spent = Spent::default();
        assert!(spent.is_nothing());
        spent += Spent::at(1000, 100, prices);
        spent += Spent::at(2000, 50, prices);
        assert_eq!(spent.to_string(), "3000 + 150 tokens, cost 0.009000");
    }

    #[test]
    fn without_prices_there_is_no_cost() {
        assert_eq!(Spent::at(7, 1, None).to_string(), "7 + 1 tokens");
    }
}
