"""Operations made into functions: what a client sends again and again is planned once."""
