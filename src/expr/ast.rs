//! The syntax tree of an expression.

/// An expression. Conditions are expressions too: true is 1, false is 0, and only [`Expr::Select`],
/// [`Expr::And`], [`Expr::Or`] and [`Expr::Not`] take them.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A literal. In SI units if it was written with a unit.
    Number(f64),
    /// A variable by its name, which may be a path (`m/q`).
    Name(String),
    /// `-a`
    Negate(Box<Expr>),
    /// `a op b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `f(a)`
    Call(Function, Box<Expr>),
    /// `a .lt. b` and the like.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// Both.
    And(Box<Expr>, Box<Expr>),
    /// Either.
    Or(Box<Expr>, Box<Expr>),
    /// Not.
    Not(Box<Expr>),
    /// `if condition then a else b`: what a LEMS ConditionalDerivedVariable becomes. Only the
    /// chosen side has to be a number: the other may be NaN or infinite.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// Arithmetic operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `^`
    Pow,
}

/// Comparisons: `.lt. .leq. .gt. .geq. .eq. .neq.` in LEMS; also `< <= > >= == !=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CompareOp {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
}

/// Functions of one argument, as LEMS has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// e to the power of the argument.
    Exp,
    /// Natural logarithm (`ln`, and `log` as LEMS has it).
    Ln,
    /// Logarithm to base 10.
    Log10,
    /// Square root.
    Sqrt,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
    /// Tangent of radians.
    Tan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Absolute value.
    Abs,
    /// Largest whole number not above.
    Floor,
    /// Smallest whole number not below.
    Ceil,
    /// Heaviside step `H(x)`: 0 below 0, 1 from 0 on.
    Heaviside,
    /// Uniform random number in [0, argument).
    Random,
    /// Factorial of a whole number (`factorial`).
    Factorial,
}

impl Expr {
    /// A variable.
    pub fn name(name: impl Into<String>) -> Expr {
        Expr::Name(name.into())
    }

    /// `a op b`.
    pub fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
        Expr::Binary(op, Box::new(a), Box::new(b))
    }

    /// What it is made of, in order of writing: nothing for numbers and names.
    pub fn parts(&self) -> impl Iterator<Item = &Expr> {
        let [a, b, c] = match self {
            Expr::Number(_) | Expr::Name(_) => [None; 3],
            Expr::Negate(a) | Expr::Call(_, a) | Expr::Not(a) => [Some(a), None, None],
            Expr::Binary(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
                [Some(a), Some(b), None]
            }
            Expr::Select(c, a, b) => [Some(c), Some(a), Some(b)],
        };
        [a, b, c].into_iter().flatten().map(|part| &**part)
    }

    /// Calls `visit` with it and all that it is made of, in order of writing.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        self.parts().for_each(|part| part.visit(visit));
    }

    /// Calls `visit` with every name that occurs, in order of writing.
    pub fn visit_names<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        self.visit(&mut |expr| {
            if let Expr::Name(name) = expr {
                visit(name);
            }
        });
    }

    /// Whether the name occurs in it.
    pub fn reads(&self, name: &str) -> bool {
        matches!(self, Expr::Name(own) if own == name) || self.parts().any(|part| part.reads(name))
    }

    /// Whether it calls `random`.
    pub fn calls_random(&self) -> bool {
        matches!(self, Expr::Call(Function::Random, _)) || self.parts().any(Expr::calls_random)
    }

    /// The same expression rebuilt from its leaves, each node through `change`.
    pub fn map(&self, change: &dyn Fn(Expr) -> Expr) -> Expr {
        let map = |e: &Expr| Box::new(e.map(change));
        change(match self {
            Expr::Number(_) | Expr::Name(_) => self.clone(),
            Expr::Negate(a) => Expr::Negate(map(a)),
            Expr::Binary(op, a, b) => Expr::Binary(*op, map(a), map(b)),
            Expr::Call(f, a) => Expr::Call(*f, map(a)),
            Expr::Compare(op, a, b) => Expr::Compare(*op, map(a), map(b)),
            Expr::And(a, b) => Expr::And(map(a), map(b)),
            Expr::Or(a, b) => Expr::Or(map(a), map(b)),
            Expr::Not(a) => Expr::Not(map(a)),
            Expr::Select(c, a, b) => Expr::Select(map(c), map(a), map(b)),
        })
    }

    /// The same expression with every name replaced by what `rename` gives for it.
    pub fn map_names(&self, rename: &dyn Fn(&str) -> Expr) -> Expr {
        self.map(&|expr| match expr {
            Expr::Name(name) => rename(&name),
            other => other,
        })
    }
}
