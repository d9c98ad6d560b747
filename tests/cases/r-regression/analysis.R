# Does speed explain the stopping distance? The data are R's own `cars`, with two drivers added.
library(stats4)

cars <- rbind(cars, read.csv("more.csv"))
fit <- lm(dist ~ speed, data = cars)
likely <- mle(function(mean = 40, sd = 20) -sum(dnorm(cars$dist, mean, sd, log = TRUE)))
table <- rbind(coef(summary(fit)), mle = c(coef(likely), NA, NA))
write.csv(round(table, 6), "coefficients.csv")

png("figure.png", width = 320, height = 240, type = "cairo")
plot(cars, main = "Stopping distance", xlab = "speed (mph)", ylab = "distance (ft)")
abline(fit)
invisible(dev.off())
cat("R squared:", format(summary(fit)$r.squared, digits = 4), "\n")
