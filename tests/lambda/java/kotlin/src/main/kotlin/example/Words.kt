package example

import com.amazonaws.services.lambda.runtime.Context
import com.amazonaws.services.lambda.runtime.RequestHandler

data class Text(var text: String = "", var least: Int = 1)

data class Count(val word: String, val times: Int)

class TooShort(text: String) : Exception("'$text' has no words")

class Words : RequestHandler<Text, List<Count>> {
    override fun handleRequest(input: Text, context: Context): List<Count> {
        context.logger.log("words of ${input.text.length} characters")
        val words = input.text.lowercase().split(Regex("\\W+")).filter { it.isNotEmpty() }
        if (words.isEmpty()) throw TooShort(input.text)
        return words.groupingBy { it }.eachCount()
            .filterValues { it >= input.least }
            .map { (word, times) -> Count(word, times) }
            .sortedWith(compareByDescending<Count> { it.times }.thenBy { it.word })
    }
}
